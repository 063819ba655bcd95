"""The command as it is typed: what it asks, writes and answers."""

import io
import json

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from admin import output
from admin.__main__ import main
from admin.app import app
from admin.invoices.faults import Fault
from tests.invoices.exports import KINDS

PLAIN = next(kind for kind in KINDS if kind.name == "plain")
HEADERLESS = next(kind for kind in KINDS if kind.name == "headerless")
MARKUP = "<script>alert(1)</script>|[x](javascript:y)`"


@pytest.fixture
def run(tmp_path):
    """Runs ``invoices check`` with its files in a folder of the test's."""

    def command(*arguments, typed=""):
        out = ["--biller", "2493", "--out", str(tmp_path / "out")]
        return CliRunner().invoke(app, [*map(str, arguments), *out], input=typed)

    return command


def test_it_shows_the_layout_and_asks(tmp_path, run):
    export = PLAIN.export(tmp_path, 1, faulty=False)
    result = run("invoices", "check", export.path, typed="y\n")
    assert result.exit_code == 0, result.output
    assert "Customer Number" in result.stderr
    assert "000412" in result.stderr
    assert "Is this the layout?" in result.stderr
    assert "90 of 90 lines are open items" in result.stdout


def test_without_a_yes_nothing_is_checked(tmp_path, run):
    export = PLAIN.export(tmp_path, 1, faulty=False)
    assert run("invoices", "check", export.path, typed="n\n").exit_code != 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["layout.yaml"]


def test_it_leaves_its_files_for_their_owner_alone(tmp_path, run):
    export = PLAIN.export(tmp_path, 1, faulty=True)
    assert run("invoices", "check", export.path, "--yes").exit_code == 1
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    names = ["layout.yaml", "open-items.csv", "record.json", "rejected-lines.csv", "report.html", "report.md"]
    assert files == dict.fromkeys(names, 0o600)


def test_the_layout_that_it_leaves_can_be_given_again(tmp_path, run):
    export = PLAIN.export(tmp_path, 1, faulty=False)
    run("invoices", "check", export.path, "--yes")
    layout = tmp_path / "kept.yaml"
    layout.write_text((tmp_path / "out/layout.yaml").read_text())
    assert yaml.safe_load(layout.read_text())["customerDigits"] == 6
    assert run("invoices", "check", export.path, "--layout", layout).exit_code == 0


def test_a_file_without_header_leaves_a_layout_to_complete(tmp_path, run, capsys):
    export = HEADERLESS.export(tmp_path, 1, faulty=False)
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as ended:
        main(["invoices", "check", str(export.path), "--biller", "2493", "--out", str(out)])
    assert ended.value.code == 2
    assert str(out / "layout.yaml") in capsys.readouterr().err
    draft = yaml.safe_load((out / "layout.yaml").read_text())
    (out / "layout.yaml").write_text(yaml.safe_dump(draft | HEADERLESS.layout))
    assert run("invoices", "check", export.path, "--layout", out / "layout.yaml").exit_code == 0


def test_the_record_has_figures_and_no_customer(tmp_path, run):
    export = PLAIN.export(tmp_path, 1, faulty=True)
    result = run("--json", "invoices", "check", export.path, "--yes")
    record = json.loads(result.stdout)
    assert record == json.loads((tmp_path / "out/record.json").read_text())
    assert record["lines"] == len(export.bills)
    assert record["faults"]["paid"] == 1
    assert not record["openItemsOnly"]
    assert "Ada" not in result.stdout


def test_a_control_total_is_an_amount(tmp_path, run):
    export = PLAIN.export(tmp_path, 1, faulty=False)
    total = sum(line.cents for line in export.bills)
    assert run("invoices", "check", export.path, "--yes", "--control-total", f"{total / 100:.2f}").exit_code == 0
    wrong = run("--json", "invoices", "check", export.path, "--yes", "--control-total", f"{total / 100 + 1:.2f}")
    assert json.loads(wrong.stdout)["faults"] == {Fault.CONTROL_AMOUNT: 1}


def test_the_report_escapes_whatever_the_file_holds(tmp_path, run):
    path = tmp_path / "a<b>.csv"
    path.write_text(
        "Invoice No,Cust No,Name,Invoice Date,Due Date,Balance\n"
        f'10001,000412,Ada,"{MARKUP}",11/30/2026,100.00\n'
        f"10002,000412,Ada,11/01/2026,11/30/2026,\x1b[31m{MARKUP}\n"
    )
    run("invoices", "check", path, "--yes")
    page = (tmp_path / "out/report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "a<b>" not in page
    text = (tmp_path / "out/report.md").read_text()
    assert "<script" not in text
    assert "](javascript" not in text.replace("\\]", "")
    assert "\x1b" not in page + text


@pytest.mark.parametrize(
    "arguments",
    [
        ["invoices", "check", "none.csv", "--biller", "2493"],
        ["invoices", "check", "/dev/null", "--biller", "2493"],
        ["invoices", "check", ".", "--biller", "2493"],
        ["invoices", "check", "none.csv", "--biller", "../../x"],
        ["invoices", "check", "none.csv", "--biller", "2493", "--control-total", "much"],
        ["invoices", "check"],
    ],
)
def test_wrong_use_ends_in_a_sentence(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert said.err.strip()


def test_the_bar_moves_on_after_the_question(tmp_path, monkeypatch):
    """On a terminal: the bar makes room for the question, and shows the checking after it."""
    seen = io.StringIO()
    terminal = Console(file=seen, force_terminal=True, width=100)
    monkeypatch.setattr(output, "_console", lambda *, stderr=False: terminal)
    export = PLAIN.export(tmp_path, 1, faulty=False)
    out = ["--biller", "2493", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, ["invoices", "check", str(export.path), *out], input="y\n").exit_code == 0
    after = seen.getvalue().split("Layout: delimited")[1]
    assert "Checking" in after
