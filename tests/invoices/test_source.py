"""What a file may be, and how its layout is guessed, kept and refused."""

import pytest
import yaml

from admin.errors import WrongUse
from admin.invoices import workbook
from admin.invoices.encoding import detect
from admin.invoices.guess import fields_of, guess
from admin.invoices.layout import Layout, Name, from_yaml
from admin.invoices.source import Source
from admin.invoices.values import DATE_FORMATS, read_cents, read_day
from tests.invoices.exports import KINDS

HEADER = "Invoice No,Cust No,Name,Invoice Date,Due Date,Balance\n"
LAYOUT = {"format": "delimited", "columns": {"invoiceNumber": "Invoice No", "customerNumber": "Cust No", "balance": 6}}


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Ada", "utf-8"),
        ("Zoë".encode(), "utf-8"),
        ("Zoë".encode("utf-8-sig"), "utf-8-sig"),
        ("Zoë".encode("cp1252"), "cp1252"),
        ("Invoice".encode("utf-16"), "utf-16"),
        ("Invoice Number".encode("utf-16-le"), "utf-16-le"),
        ("Invoice Number".encode("utf-16-be"), "utf-16-be"),
        ("Zoë Müller, Bjørn, Łódź".encode() + b"\xff", "utf-8"),
    ],
)
def test_encodings_are_told_apart(content, encoding, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert detect(path) == encoding


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        (b"\x1f\x8b\x08", "unpack it first"),
        (b"PK\x03\x04 and no more", "no archive, or damaged"),
        (b"abc\0\0\0\1\2\3" * 50, "is no text"),
        (b"a" * 70_000, "longer than"),
    ],
)
def test_what_is_no_list_of_bills_is_refused_in_a_sentence(content, why, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(WrongUse, match=why):
        guess(Source.of(path, tmp_path), None, lambda part: None)


def test_a_file_that_is_not_there_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(WrongUse, match="cannot be read"):
        Source.of(tmp_path / "none.csv", tmp_path)


def test_a_workbook_whose_texts_would_fill_memory_is_refused(tmp_path, monkeypatch):
    export = next(kind for kind in KINDS if kind.name == "workbook").export(tmp_path, 1, faulty=False)
    monkeypatch.setattr(workbook, "MOST_SHARED_TEXT", 1000)
    with pytest.raises(WrongUse, match="too large for a workbook"):
        guess(Source.of(export.path, tmp_path), None, lambda part: None)


def test_a_sheet_is_chosen_by_name(tmp_path):
    export = next(kind for kind in KINDS if kind.name == "workbook").export(tmp_path, 1, faulty=False)
    source = Source.of(export.path, tmp_path)
    assert guess(source, "Sheet", lambda part: None).complete
    assert not guess(source, "Notes", lambda part: None).complete
    with pytest.raises(WrongUse, match="it has Sheet, Notes"):
        guess(source, "Bills", lambda part: None)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.layout is None], ids=lambda kind: kind.name)
def test_a_layout_is_guessed_from_the_header(kind, tmp_path):
    export = kind.export(tmp_path, 3, faulty=True)
    guessed = guess(Source.of(export.path, tmp_path), None, lambda part: None)
    assert guessed.complete
    assert set(guessed.columns) == set(kind.fields)
    expected = "%Y-%m-%d" if kind.name == "typed-workbook" else kind.spelling.date_format
    assert guessed.date_format == expected


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.layout], ids=lambda kind: kind.name)
def test_without_a_header_no_layout_is_made_up(kind, tmp_path):
    export = kind.export(tmp_path, 3, faulty=True)
    assert not guess(Source.of(export.path, tmp_path), None, lambda part: None).complete


def test_of_two_headers_for_one_field_the_usual_one_counts():
    assert fields_of(["Account", "Customer Number", "Inv. No.", "Total", "Amount"]) == {
        Name.CUSTOMER_NUMBER: 1,
        Name.INVOICE_NUMBER: 2,
        Name.AMOUNT: 4,
    }


def test_a_layout_survives_being_kept(tmp_path):
    layout = Layout.model_validate(LAYOUT)
    path = tmp_path / "layout.yaml"
    path.write_text(layout.to_yaml())
    assert from_yaml(path) == layout


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"columns": {"invoiceNumber": 1, "balance": 2}}, "names no customerNumber"),
        ({"columns": {"invoiceNumber": 1, "customerNumber": 2}}, "neither balance nor amount"),
        ({"headerLine": 0}, "given by its number"),
        ({"format": "fixedWidth"}, "give its characters"),
        ({"dateFormat": "%s"}, "dateFormat"),
        ({"encoding": "rot13"}, "encoding"),
        ({"colour": "red"}, "colour"),
        ({"columns": 5}, "columns"),
    ],
)
def test_a_layout_that_is_none_is_refused_with_its_place(change, why, tmp_path):
    path = tmp_path / "layout.yaml"
    path.write_text(yaml.safe_dump(LAYOUT | change))
    with pytest.raises(WrongUse, match=why):
        from_yaml(path)


@pytest.mark.parametrize("text", ["[", "a: b: c", "!!python/object/apply:os.getcwd []", "[" * 5000])
def test_a_layout_file_that_is_no_yaml_runs_nothing(text, tmp_path):
    path = tmp_path / "layout.yaml"
    path.write_text(text)
    with pytest.raises(WrongUse, match="is not YAML"):
        from_yaml(path)


def test_a_kept_layout_says_which_column_went(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEADER.replace("Cust No", "Customer"))
    source, layout = Source.of(path, tmp_path), Layout.model_validate(LAYOUT)
    with pytest.raises(WrongUse, match="one column 'Cust No'"), source.table(layout, lambda part: None):
        pass


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("125.40", 12_540),
        ("$1,250.4", 125_040),
        ("(3.00)", -300),
        ("3.00-", -300),
        ("-3", -300),
        ("3.00 CR", -300),
        ("3.00DR", 300),
        (".5", 50),
        ("2.5000", 250),
        ("9999999.99", 999_999_999),
        ("10000000.00", None),
        ("1.234,56", None),
        ("12,34.00", None),
        ("1e5", None),
        ("1.005", None),
        ("", None),
        (".", None),
        ("\N{ARABIC-INDIC DIGIT FOUR}", None),
    ],
)
def test_amounts(text, cents):
    assert read_cents(text) == cents


def test_a_day_that_does_not_exist_is_none():
    assert read_day("02/29/2026", "%m/%d/%Y") is None
    assert read_day("02/29/2028", "%m/%d/%Y") is not None
    assert read_day("2026-02-28", "%m/%d/%Y") is not None
    assert read_day("01/01/0026", "%m/%d/%Y") is None
    assert all(each in Layout.model_fields["date_format"].default or each for each in DATE_FORMATS)
