"""Archives from outside: looked at before anything in them is read, and never unpacked to disk."""

import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from admin.errors import WrongUse

_MIB: Final = 1024 * 1024
_END: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_LOCATOR: Final = struct.Struct("<4sLQL")
_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_END64_SIGNATURE: Final = b"PK\x06\x06"
_LONGEST_COMMENT: Final = 65_535
_ALL_ONES: Final = 0xFFFFFFFF
_ENCRYPTED: Final = 0x1
_PLAIN_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_MOST_TIMES_SMALLER: Final = 200
_SMALL: Final = _MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold; sizes in bytes, unpacked."""

    entries: int = 100_000
    entry: int = 50 * _MIB
    whole: int = 20 * 1024 * _MIB
    directory: int = 32 * _MIB
    """The list of contents, which is read as a whole."""


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """An archive whose list of contents is in order.

    Raises:
        WrongUse: it is refused, with the reason; nothing of it was unpacked.
    """
    with path.open("rb") as file:
        _refuse_long_directory(file, limits)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, UnicodeDecodeError):
            raise WrongUse(f"{path.name} is refused: it is no archive, or damaged.") from None
        with archive:
            _refuse(path.name, archive.infolist(), limits)
            yield archive


def read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """One entry's content.

    Raises:
        WrongUse: it is not what the list of contents says.
    """
    try:
        with archive.open(entry) as file:
            content = file.read(entry.file_size + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, _zlib_error()):
        raise WrongUse(f"{shown(entry.filename)} is damaged, or not as long as the archive says.") from None
    if len(content) != entry.file_size:
        raise WrongUse(f"{shown(entry.filename)} is not as long as the archive says.")
    return content


def encrypted(entry: zipfile.ZipInfo) -> bool:
    """Whether it needs a password."""
    return bool(entry.flag_bits & _ENCRYPTED)


def shown(name: str) -> str:
    """A name from outside, fit for a sentence."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:120]


def _zlib_error() -> type[Exception]:
    import zlib  # noqa: PLC0415 - an archive without compression needs none

    return zlib.error


def _refuse(name: str, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise WrongUse(f"{name} is refused: it has more than {limits.entries} entries.")
    if sum(entry.file_size for entry in entries) > limits.whole:
        raise WrongUse(f"{name} is refused: unpacked it has more than {limits.whole // _MIB} MiB.")
    for entry in entries:
        reason = _wrong_name(entry.orig_filename) or _wrong_content(entry, limits)
        if reason:
            raise WrongUse(f"{name} is refused: the entry {shown(entry.orig_filename)} {reason}.")
    _refuse_overlap(name, entries)


def _wrong_name(name: str) -> str | None:
    path = PurePosixPath(name.replace("\\", "/"))
    if any(not letter.isprintable() for letter in name):
        return "has a control character in its name"
    if path.is_absolute() or (path.parts and path.parts[0].endswith(":")) or name[1:2] == ":":
        return "has an absolute name"
    if ".." in path.parts:
        return "leads out of the archive"
    return None


def _wrong_content(entry: zipfile.ZipInfo, limits: Limits) -> str | None:
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is a link or a device"
    if entry.compress_type not in _PLAIN_METHODS:
        return "is compressed in an unusual way"
    if entry.file_size > limits.entry:
        return f"has more than {limits.entry // _MIB} MiB"
    if entry.file_size > max(_SMALL, entry.compress_size * _MOST_TIMES_SMALLER):
        return "unpacks to far more than it holds"
    return None


def _refuse_overlap(name: str, entries: list[zipfile.ZipInfo]) -> None:
    """Entries that share bytes make a small archive unpack to a huge one."""
    end = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        if entry.header_offset < end:
            raise WrongUse(f"{name} is refused: its entries overlap.")
        end = entry.header_offset + entry.compress_size


def _refuse_long_directory(file: BinaryIO, limits: Limits) -> None:
    """The standard library reads the list of contents as a whole, so its length is looked at first."""
    size = file.seek(0, 2)
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(_END_SIGNATURE)
    if place >= 0 and len(tail) - place >= _END.size:
        length = _directory_length(file, tail, place, start)
        if length > limits.directory:
            raise WrongUse(f"The archive is refused: its list of contents alone has {length // _MIB} MiB.")
    file.seek(0)


def _directory_length(file: BinaryIO, tail: bytes, place: int, start: int) -> int:
    """As the end of the archive says, or its second, longer one where that is there."""
    stated: int = _END.unpack_from(tail, place)[5]
    at = start + place - _LOCATOR.size
    if at < 0:
        return stated
    file.seek(at)
    signature, _, offset, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if signature != _LOCATOR_SIGNATURE:
        return stated
    found = 0
    for candidate in {offset, at - _END64.size}:
        if 0 <= candidate <= at:
            file.seek(candidate)
            raw = file.read(_END64.size)
            if len(raw) == _END64.size and raw.startswith(_END64_SIGNATURE):
                found = max(found, _END64.unpack(raw)[8])
    return max(found, stated if stated != _ALL_ONES else 0)


def is_noise(name: str) -> bool:
    """What operating systems add to folders and archives."""
    path = PurePosixPath(name)
    return path.parts[:1] == ("__MACOSX",) or path.name in {".DS_Store", "Thumbs.db", "desktop.ini"}
