"""Hostile deliveries: each is refused in a sentence, and nothing is written outside the output folder."""

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from admin.archives import Limits
from admin.errors import WrongUse
from admin.images.check import Delivery
from admin.images.faults import Fault
from admin.images.inspector import Inspector
from admin.images.naming import Naming
from tests.images.pictures import encoded

PDF = encoded("good", "PDF")
SMALL = Limits(entries=50, entry=2 * 1024 * 1024, whole=4 * 1024 * 1024, directory=20_000)


def archive(path, *entries):
    """An archive of (name, content, changes to the entry)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, *changes in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for field, value in changes:
                setattr(info, field, value)
            # The library mends names on the way in; an attacker would not.
            info.filename = name
            file.writestr(info, content)
    return path


def relabelled(path, old, new):
    """The same archive with a name exchanged for one of the same length, as no library would write it."""
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def lying(path, stated):
    """An archive whose only entry says to be of another size."""
    archive(path, ("bill_10001.pdf", PDF))
    content = bytearray(path.read_bytes())
    central = content.rfind(b"PK\x01\x02")
    struct.pack_into("<L", content, central + 24, stated)
    path.write_bytes(content)
    return path


def overlapping(path):
    """Two entries that are the same bytes of the archive."""
    archive(path, ("a.pdf", PDF), ("b.pdf", PDF))
    content = bytearray(path.read_bytes())
    second = content.rfind(b"PK\x01\x02")
    struct.pack_into("<L", content, second + 42, 0)
    path.write_bytes(content)
    return path


def long_directory(path, *, zip64):
    """An archive that states a list of contents of more than a gigabyte, with nothing in it."""
    size = 2**31
    end = b""
    if zip64:
        end += struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**7, 10**7, size, 0)
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF if zip64 else size, 0, 0)
    path.write_bytes(end)
    return path


HOSTILE = {
    "traversal": (lambda path: archive(path, ("../evil.pdf", PDF)), "leads out of the archive"),
    "hidden traversal": (lambda path: archive(path, ("a/../../evil.pdf", PDF)), "leads out of the archive"),
    "backslashes": (lambda path: archive(path, ("..\\evil.pdf", PDF)), "leads out of the archive"),
    "absolute": (lambda path: archive(path, ("/srv/evil.pdf", PDF)), "has an absolute name"),
    "drive": (lambda path: archive(path, ("C:\\evil.pdf", PDF)), "has an absolute name"),
    "share": (lambda path: archive(path, ("\\\\server\\evil.pdf", PDF)), "has an absolute name"),
    "control": (lambda path: archive(path, ("a\x1b[31m.pdf", PDF)), "control character"),
    "zero": (
        lambda path: relabelled(archive(path, ("good_.pdf", PDF)), b"good_.pdf", b"good\0.pdf"),
        "control character",
    ),
    "link": (
        lambda path: archive(path, ("bill_10001.pdf", b"/etc/passwd", ("external_attr", 0o120777 << 16))),
        "a link or a device",
    ),
    "device": (lambda path: archive(path, ("bill.pdf", b"", ("external_attr", 0o020666 << 16))), "a link or a device"),
    "bomb": (lambda path: archive(path, ("bill_10001.pdf", b"\0" * 2_000_000)), "unpacks to far more"),
    "large": (lambda path: archive(path, ("a.pdf", os.urandom(3_000_000))), "has more than 2 MiB"),
    "large together": (
        lambda path: archive(path, *((f"{at}.pdf", os.urandom(1_500_000)) for at in range(3))),
        "unpacked it has more than 4 MiB",
    ),
    "many": (lambda path: archive(path, *((f"{at}.pdf", b"") for at in range(51))), "more than 50 entries"),
    "nested": (lambda path: archive(path, ("more.ZIP", b"PK")), "holds the archive more.ZIP"),
    "nested in disguise": (
        lambda path: archive(path, ("bill_10001.pdf", _inner(), ("compress_type", zipfile.ZIP_STORED))),
        "is an archive itself",
    ),
    "lying, less": (lambda path: lying(path, 10), "not as long as the archive says"),
    "lying, more": (lambda path: lying(path, len(PDF) + 10), "not as long as the archive says"),
    "overlapping": (overlapping, "overlap"),
    "bzip2": (lambda path: archive(path, ("a.pdf", PDF, ("compress_type", zipfile.ZIP_BZIP2))), "an unusual way"),
    "long directory": (lambda path: long_directory(path, zip64=False), "list of contents"),
    "long directory, zip64": (lambda path: long_directory(path, zip64=True), "list of contents"),
    "cut": (lambda path: _cut(archive(path, ("a.pdf", PDF))), "no archive, or damaged"),
    "text": (lambda path: _written(path, b"hello"), "no archive, or damaged"),
    "empty": (lambda path: _written(path, b""), "no archive, or damaged"),
}


def _inner():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("a.pdf", b"x")
    return target.getvalue()


def _cut(path):
    return _written(path, path.read_bytes()[:-30])


def _written(path, content):
    path.write_bytes(content)
    return path


def everything_under(folder):
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*")}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_archive_is_refused_in_a_sentence(name, tmp_path, matched):
    make, why = HOSTILE[name]
    path = make(tmp_path / "in.zip")
    before = everything_under(tmp_path)
    with pytest.raises(WrongUse, match=why) as refused:
        await matched(path, limits=SMALL)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")
    assert str(refused.value).isprintable()
    # Nothing of it was unpacked; at most the list of what had come so far was begun.
    assert set(everything_under(tmp_path)) - set(before) <= {tmp_path / "out", tmp_path / "out/images.csv"}


async def test_a_password_on_one_entry_is_that_entrys_fault(tmp_path, matched):
    path = archive(tmp_path / "in.zip", ("bill_10001.pdf", PDF))
    content = bytearray(path.read_bytes())
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", content, content.find(header) + offset, 1)
    path.write_bytes(content)
    assert ("bill_10001.pdf", Fault.ENCRYPTED) in (await matched(path)).faults


def test_a_folder_with_too_many_files_is_refused(tmp_path):
    for at in range(51):
        (tmp_path / f"{at}.pdf").touch()
    with pytest.raises(WrongUse, match="more than 50 files"):
        Delivery.of(tmp_path, SMALL)


def test_folders_nested_too_deep_are_refused(tmp_path):
    (tmp_path / "/".join("abcdefghij")).mkdir(parents=True)
    with pytest.raises(WrongUse, match="nested more than"):
        Delivery.of(tmp_path, SMALL)


def test_an_archive_in_a_folder_is_refused(tmp_path):
    (tmp_path / "more.tar.gz").touch()
    with pytest.raises(WrongUse, match="holds the archive"):
        Delivery.of(tmp_path, SMALL)


def test_what_is_neither_folder_nor_archive_is_refused(tmp_path):
    with pytest.raises(WrongUse, match="neither a folder nor an archive"):
        Delivery.of(tmp_path / "none", SMALL)


async def test_a_file_that_is_too_large_is_not_read(tmp_path, matched):
    with (tmp_path / "big.pdf").open("wb") as file:
        file.truncate(3 * 1024 * 1024)
    found = await matched(tmp_path, limits=SMALL)
    assert ("big.pdf", Fault.TOO_LARGE) in found.faults


async def test_an_image_that_keeps_the_decoder_busy_is_unreadable_and_the_next_is_read():
    async with Inspector(seconds=0.001) as hurried:
        assert (await hurried.look(PDF, preview=True)).fault is Fault.UNREADABLE
    async with Inspector() as patient:
        assert (await patient.look(PDF, preview=True)).fault is None


async def test_an_image_that_ends_the_decoder_is_unreadable_and_the_next_is_read():
    async with Inspector() as looking:
        assert (await looking.look(PDF, preview=False)).fault is None
        looking._process.kill()
        await looking._process.wait()
        assert (await looking.look(PDF, preview=False)).fault is Fault.UNREADABLE
        assert (await looking.look(PDF, preview=False)).fault is None


def environment_of(pid):
    return Path(f"/proc/{pid}/environ").read_bytes()


async def test_the_decoders_know_no_secret_of_the_environment(monkeypatch):
    monkeypatch.setenv("CANARY_SECRET", "canary")
    async with Inspector() as looking:
        await looking.look(PDF, preview=False)
        environment = environment_of(looking._process.pid)
    assert b"PYTHONPATH" in environment
    assert b"canary" not in environment


@pytest.mark.parametrize("cut", [10, 100, 400, 700])
@pytest.mark.parametrize("kind", ["PDF", "TIFF", "PNG"])
async def test_a_cut_image_never_ends_the_check(kind, cut):
    content = encoded("whole", kind)
    async with Inspector() as looking:
        seen = await looking.look(content[: len(content) * cut // 1000], preview=True)
    assert seen.fault in {Fault.UNREADABLE, Fault.NO_IMAGE, Fault.EMPTY, None}


@pytest.mark.parametrize(
    "template",
    ["bill", "{invoiceNumber}{invoiceNumber}", "{invoice}", "*{invoiceNumber}****", "{invoiceNumber}{page}{page}"],
)
def test_a_rule_that_cannot_be_used_is_refused(template):
    with pytest.raises(ValueError, match=r"needs|is not one of|at most"):
        Naming(template=template)


def test_a_rule_is_no_pattern():
    read = Naming(template="a.b({invoiceNumber})").reader()
    assert read("a.b(10001).pdf").invoice == "10001"
    assert read("axb(10001).pdf") is None
