"""Layout, naming rule and findings are kept with the biller: asked for once, used again, shown in its checklist."""

import zipfile

import pytest

from admin.first_files import FIRST_FILE, IMAGES, Paper, checklist
from tests.images.pictures import encoded
from tests.invoices.exports import KINDS

PLAIN = next(kind for kind in KINDS if kind.name == "plain")


@pytest.fixture
def biller(icadmin, bid):
    assert icadmin("biller", "add", bid, "Depoe Bay OR", "America/Los_Angeles", "--yes").code == 0
    return bid


def papers_of(icadmin, biller):
    return icadmin("biller", "show", biller, "--json").json["firstFiles"]


def rows_of(icadmin, biller):
    """The checklist's lines about first files."""
    rows = icadmin("biller", "check", biller, "--json").json
    return {row["check"]: row["verdict"] for row in rows if row["check"] in {"form definition", FIRST_FILE, IMAGES}}


def test_both_checks_end_in_the_billers_record_and_in_the_audit(icadmin, biller, tmp_path):
    export = PLAIN.export(tmp_path, 1, faulty=False, count=4)
    out = ("--out", tmp_path / "out")
    assert icadmin("invoices", "check", export.path, "--biller", biller, *out, typed="y\n").code == 0
    # The layout was confirmed once; now nobody is asked.
    again = icadmin("invoices", "check", export.path, "--biller", biller, *out)
    assert (again.code, "Is this the layout?" in again.err) == (0, False)

    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for number in range(10_000, 10_004):
            archive.writestr(f"bill_{number}.png", encoded(str(number), "PNG"))
    images = ("images", "check", tmp_path / "in.zip", "--invoices", tmp_path / "out/open-items.csv", "--biller", biller)
    pictures = ("--out", tmp_path / "pictures")
    assert icadmin(*images, *pictures, typed="y\n").code == 0
    assert "Is this the rule?" not in icadmin(*images, *pictures).err

    papers = papers_of(icadmin, biller)
    assert papers[Paper.INVOICE_LAYOUT]["columns"]["invoiceNumber"] == "Invoice Number"
    assert papers[Paper.IMAGE_NAMING] == {"template": "bill_{invoiceNumber}", "withoutZeros": False}
    assert rows_of(icadmin, biller) == {
        "form definition": "pass",
        "first file: open items only": "pass",
        "bill images received": "pass",
    }
    done = [change["what"] for change in icadmin("audit", biller, "--json").json]
    assert done.count("invoices.check") == 2
    assert done.count("images.check") == 2


def test_a_file_with_faults_stays_open_in_the_checklist(icadmin, biller, tmp_path):
    export = PLAIN.export(tmp_path, 1, faulty=True)
    assert icadmin("invoices", "check", export.path, "--biller", biller, "--yes", "--out", tmp_path / "out").code == 1
    assert rows_of(icadmin, biller) == {
        "form definition": "fail",
        "first file: open items only": "fail",
        "bill images received": "cannot tell",
    }
    assert icadmin("biller", "show", biller, "--json").json["formDefinition"] == "imported"
    first, images = checklist(papers_of(icadmin, biller))
    assert "1 balance_forward" in first.shows
    assert "images check" in images.remedy


def test_an_unknown_biller_ends_in_a_sentence(icadmin, bid, tmp_path):
    said = icadmin("invoices", "check", tmp_path / "none.csv", "--biller", bid)
    assert (said.code, f"no biller {bid}" in said.err) == (2, True)


def test_without_any_check_nothing_is_ticked():
    assert [item.good for item in checklist({})] == [None, None]
