"""The command as it is typed: what it asks, writes and answers."""

import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from admin.__main__ import main
from admin.app import app
from tests.images.pictures import encoded

OPEN_ITEMS = "Invoice No,Cust No,Name,Invoice Date,Due Date,Balance\n"
NUMBERS = range(10_001, 10_007)


@pytest.fixture
def files(tmp_path):
    """A folder of images, and the invoices that they belong to."""
    lines = [f"{number},000412,Ada,11/01/2026,11/30/2026,100.00\n" for number in NUMBERS]
    (tmp_path / "open-items.csv").write_text(OPEN_ITEMS + "".join(lines))
    (tmp_path / "in").mkdir()
    for number in NUMBERS:
        (tmp_path / f"in/bill_{number}.pdf").write_bytes(encoded(str(number), "PDF"))
    return tmp_path


@pytest.fixture
def run(files):
    """Runs ``images check`` on them."""

    def command(*arguments, typed=""):
        given = [files / "in", "--invoices", files / "open-items.csv", "--biller", "2493", "--out", files / "out"]
        return CliRunner().invoke(app, [*map(str, ["images", "check", *given, *arguments])], input=typed)

    return command


def test_it_shows_the_rule_and_asks(run, files):
    result = run(typed="y\n")
    assert result.exit_code == 0, result.output
    assert "Images are named bill_{invoiceNumber}" in result.stderr
    assert "6 of 6 invoices have their image" in result.stdout
    names = ["contact-sheet.png", "images.csv", "record.json", "report.html", "report.md"]
    assert {path.name: path.stat().st_mode & 0o777 for path in (files / "out").iterdir()} == dict.fromkeys(names, 0o600)


def test_the_contact_sheet_shows_the_first_pages(run, files):
    assert run("--yes", "--sample", "5").exit_code == 0
    with Image.open(files / "out/contact-sheet.png") as sheet:
        # Five pages: four across, two down, and each of them has ink.
        assert sheet.size == (4 * 320, 2 * 440)
        for at in range(5):
            left, top = at % 4 * 320, at // 4 * 440
            assert sheet.crop((left, top + 40, left + 320, top + 440)).getextrema()[0][0] < 100
        assert sheet.crop((320, 440, 1280, 880)).getextrema() == ((255, 255),) * 3
    assert "contact-sheet.png" in (files / "out/report.html").read_text()


def test_what_is_wrong_ends_with_one_and_stands_in_the_record(run, files):
    (files / "in/bill_10001.pdf").unlink()
    (files / "in/<b>=1.pdf").write_bytes(encoded("?", "PDF"))
    result = run("--yes")
    assert result.exit_code == 1
    record = json.loads((files / "out/record.json").read_text())
    assert record["faults"] == {"extra": 1, "missing": 1}
    assert record["matched"] == 5
    assert "<b>" not in (files / "out/report.html").read_text()


def test_a_rule_that_is_given_is_not_asked_about(run):
    assert run("--naming", "bill_{invoiceNumber}").exit_code == 0
    assert run("--naming", "scan_{invoiceNumber}").exit_code == 1


def test_the_output_never_lands_in_the_delivery(files, capsys):
    given = ["images", "check", files / "in", "--invoices", files / "open-items.csv", "--biller", "2493"]
    with pytest.raises(SystemExit) as ended:
        main([*map(str, given), "--yes", "--out", str(files / "in/out")])
    assert ended.value.code == 2
    assert "inside the delivery" in capsys.readouterr().err
    assert not (files / "in/out").exists()


def test_a_link_in_the_output_folder_leads_nowhere(run, files):
    precious = files / "precious.txt"
    precious.write_text("precious")
    (files / "out").mkdir()
    for name in ("images.csv", "report.md", "record.json", "contact-sheet.png"):
        (files / "out" / name).symlink_to(precious)
    assert run("--yes").exit_code == 0
    assert precious.read_text() == "precious"
