"""The files of one delivery, from a folder or an archive: read one at a time, each as a whole, and none elsewhere."""

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from admin import archives
from admin.archives import Limits
from admin.errors import WrongUse
from admin.images.faults import Fault

LIMITS: Final = Limits()
_DEEPEST: Final = 8
_NESTED: Final = frozenset({".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".cab"})
_ARCHIVE: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its name inside the delivery, why it is not to be opened, and how to read it."""

    name: str
    fault: Fault | None
    read: Callable[[], bytes]


@contextmanager
def opened(path: Path, limits: Limits = LIMITS) -> Iterator[Iterator[Item]]:
    """The files of a folder or of a ZIP archive.

    Raises:
        WrongUse: it is neither, or it is refused; nothing was written anywhere.
    """
    if path.is_dir():
        yield _of_folder(path, limits)
    elif not path.is_file():
        raise WrongUse(f"{path} is neither a folder nor an archive.")
    else:
        with archives.opened(path, limits) as archive:
            yield _of_archive(path, archive)


def _of_archive(path: Path, archive: zipfile.ZipFile) -> Iterator[Item]:
    entries = [each for each in archive.infolist() if not each.is_dir() and not archives.is_noise(each.filename)]
    for entry in entries:
        if Path(entry.filename).suffix.lower() in _NESTED:
            raise WrongUse(f"{path.name} is refused: it holds the archive {archives.shown(entry.filename)}.")
    for entry in entries:
        fault = Fault.ENCRYPTED if archives.encrypted(entry) else None
        yield Item(entry.filename, fault, lambda entry=entry: _unpacked(archive, entry))  # type: ignore[misc]


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    content = archives.read(archive, entry)
    if content.startswith(_ARCHIVE):
        raise WrongUse(f"The archive is refused: {archives.shown(entry.filename)} is an archive itself.")
    return content


def _of_folder(path: Path, limits: Limits) -> Iterator[Item]:
    """Every file is opened by its own folder's descriptor, so a link that is put there meanwhile leads nowhere."""
    count = 0
    for folder, folders, files, descriptor in os.fwalk(path, follow_symlinks=False):
        inside = Path(folder).relative_to(path)
        if len(inside.parts) > _DEEPEST:
            raise WrongUse(f"{path} is refused: its folders are nested more than {_DEEPEST} deep.")
        for name in sorted(files + [each for each in folders if _is_link(each, descriptor)]):
            if archives.is_noise(name):
                continue
            count += 1
            if count > limits.entries:
                raise WrongUse(f"{path} is refused: it has more than {limits.entries} files.")
            yield _item(name, (inside / name).as_posix(), descriptor, limits)
        folders.sort()


def _item(name: str, shown: str, folder: int, limits: Limits) -> Item:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    fault = None
    if not stat.S_ISREG(found.st_mode):
        fault = Fault.LINK
    elif Path(name).suffix.lower() in _NESTED:
        raise WrongUse(f"The folder is refused: it holds the archive {archives.shown(shown)}; unpack or remove it.")
    elif found.st_size > limits.entry:
        fault = Fault.TOO_LARGE
    return Item(shown, fault, lambda: _content(name, folder, limits))


def _content(name: str, folder: int, limits: Limits) -> bytes:
    # Without waiting: a pipe of that name would otherwise keep the open from ever returning.
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise WrongUse(f"{archives.shown(name)} was changed while it was looked at.")
        return file.read(limits.entry + 1)


def _is_link(name: str, folder: int) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
