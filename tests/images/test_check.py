"""Deliveries with faults of every kind, as a folder and as an archive: all are found, and none is made up."""

import os
import zipfile

import pytest

from admin.images.faults import ADVICE, Fault
from tests.images.conftest import CUSTOMERS
from tests.images.pictures import encoded, encrypted_pdf, huge_png

KINDS = ["PDF", "TIFF", "PNG"]


def whole():
    """One image for each invoice."""
    kinds = [KINDS[at % 3] for at in range(len(CUSTOMERS))]
    named = zip(CUSTOMERS, kinds, strict=True)
    return {
        f"bill_{number}.{kind.lower()}": encoded(number, kind, pages=1 + at % 2)
        for at, (number, kind) in enumerate(named)
    }


def faulty():
    """Images with every fault that a file can have; and which they are."""
    files = whole()
    del files["bill_10001.pdf"]
    good = files["bill_10005.tiff"]
    files |= {
        "bill_10002.tiff": b"",
        "bill_10003.png": files["bill_10003.png"][:-200],
        "bill_10004.pdf": encrypted_pdf(),
        "bill_10006.png": b"\0" * 512,
        "bill_10007.pdf": b"%PDF-1.7\nand no more",
        "bill_10008.tiff": good,
        "bill_10009.png": huge_png(20_000),
        "bill_10010.pdf": b"Dear customer",
        "bill_20001.pdf": encoded("nobody's", "PDF"),
        "readme.pdf": encoded("read me", "PDF"),
        "again/bill_10011.tiff": encoded("again", "TIFF"),
    }
    expected = {
        ("10001", Fault.MISSING),
        ("bill_10002.tiff", Fault.EMPTY),
        ("bill_10003.png", Fault.UNREADABLE),
        ("bill_10004.pdf", Fault.ENCRYPTED),
        ("bill_10006.png", Fault.EMPTY),
        ("bill_10007.pdf", Fault.UNREADABLE),
        ("bill_10008.tiff", Fault.SAME_CONTENT),
        ("bill_10009.png", Fault.TOO_LARGE),
        ("bill_10010.pdf", Fault.NO_IMAGE),
        ("bill_20001.pdf", Fault.EXTRA),
        ("readme.pdf", Fault.EXTRA),
        ("again/bill_10011.tiff", Fault.TWICE),
    }
    return files, expected


def as_folder(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def as_archive(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(params=["folder", "archive"])
def delivered(request, tmp_path):
    """Writes files as a delivery."""

    def write(files):
        return (
            as_folder(tmp_path / "in", files) if request.param == "folder" else as_archive(tmp_path / "in.zip", files)
        )

    return write


async def test_every_fault_is_found_and_none_made_up(delivered, matched):
    files, expected = faulty()
    result = await matched(delivered(files))
    # Which of two equal or equally named images comes first is the delivery's order.
    found = {(name.replace("bill_10005.tiff", "bill_10008.tiff"), fault) for name, fault in result.faults}
    found = {("again/bill_10011.tiff" if fault is Fault.TWICE else name, fault) for name, fault in found}
    assert found == expected
    assert not result.found.in_order


async def test_a_delivery_in_order_is_in_order(delivered, matched):
    result = await matched(delivered(whole() | {".DS_Store": b"x", "Thumbs.db": b"x"}), sample=5)
    assert result.faults == set()
    assert result.found.in_order
    assert (result.found.matched, result.found.files, result.found.pages) == (12, 12, 18)
    assert len(result.found.previews) == 5


async def test_pages_in_files_of_their_own_are_one_bill(delivered, matched):
    files = {f"{number}_p{page}.tif": encoded(f"{number} {page}", "TIFF") for number in CUSTOMERS for page in (1, 2)}
    result = await matched(delivered(files), "{invoiceNumber}_p{page}")
    assert result.found.in_order


async def test_another_customers_number_in_the_name_is_no_match(delivered, matched):
    files = {f"{number}-{customer}.png": encoded(number, "PNG") for number, customer in CUSTOMERS.items()}
    files["10001-999999.png"] = files.pop("10001-000401.png")
    result = await matched(delivered(files), "{invoiceNumber}-{customerNumber}")
    assert result.faults == {("10001", Fault.MISSING), ("10001-999999.png", Fault.EXTRA)}


async def test_links_and_pipes_in_a_folder_are_not_opened(tmp_path, matched):
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(encoded("secret", "PDF"))
    folder = as_folder(tmp_path / "in", whole())
    for number in ("10001", "10002", "10003"):
        next(folder.glob(f"bill_{number}.*")).unlink()
    (folder / "bill_10001.pdf").symlink_to(secret)
    os.mkfifo(folder / "bill_10002.pdf")
    (folder / "more").symlink_to(tmp_path)
    (folder / "bill_10003.pdf").symlink_to("/nowhere")
    result = await matched(folder, sample=40)
    links = {("bill_10001.pdf", Fault.LINK), ("bill_10002.pdf", Fault.LINK), ("bill_10003.pdf", Fault.LINK)}
    assert result.faults == links | {("more", Fault.LINK)}
    assert not any("10001" in name for name, _ in result.found.previews)


def test_every_fault_says_how_to_mend_it():
    assert set(Fault) == ADVICE.keys()
    _, expected = faulty()
    assert {fault for _, fault in expected} | {Fault.LINK} == set(Fault)
