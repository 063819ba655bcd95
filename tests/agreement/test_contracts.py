"""``docs/contracts`` says what the code does."""

import json
import re

import pytest

from local.contracts import FOLDER, documents, with_reasons
from shared.customers.message import AutopayChange, Registration
from shared.exchange.inbound import MOST_BYTES
from shared.exchange.reasons import REASONS
from shared.exchange.result import Outcome, PostingResult
from shared.payments.message import PaymentMessage, parse
from shared.reconciliation.control_totals import ControlTotal
from shared.reversals.message import AchReject, Reversal

README = (FOLDER / "README.md").read_text(encoding="utf-8")


def _section(title):
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _first_column(text):
    return [name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]


def _aliases(model):
    return {field.alias for field in model.model_fields.values()}


@pytest.mark.parametrize("name", documents())
def test_the_files_are_those_that_the_code_generates(name):
    """Renewed with ``python -m local.contracts``."""
    assert (FOLDER / name).read_text(encoding="utf-8") == documents()[name]


def test_every_queue_that_invoice_cloud_writes_has_a_schema():
    written = re.findall(r"^\| `([a-z-]+)` \| Invoice Cloud \| this app \|", README, re.MULTILINE)
    assert len(written) > 4
    assert {f"{queue}.schema.json" for queue in written} <= set(documents())


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("payments.schema.json", PaymentMessage),
        ("ach-rejects.schema.json", AchReject),
        ("reversals.schema.json", Reversal),
        ("control-totals.schema.json", ControlTotal),
        ("autopay-changes.schema.json", AutopayChange),
        ("registrations.schema.json", Registration),
        ("posting-results.schema.json", PostingResult),
    ],
)
def test_a_schema_names_its_fields_as_they_travel(name, model):
    schema = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert set(schema["properties"]) == _aliases(model)
    assert not any("_" in field for field in schema["properties"])


def test_unknown_fields_are_allowed_by_the_schema_too():
    assert "additionalProperties" not in (FOLDER / "payments.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("A payment", PaymentMessage),
        ("A reject", AchReject),
        ("A reversal", Reversal),
        ("A control total", ControlTotal),
        ("An AutoPay change", AutopayChange),
        ("A registration", Registration),
    ],
)
def test_every_field_has_its_rule(title, model):
    named = _first_column(_section(title))
    assert len(named) == len(set(named))
    assert set(named) == _aliases(model)


def test_the_example_is_a_payment():
    example = re.search(r"```json\n(.*?)```", README, re.DOTALL).group(1)
    assert parse(example.encode()).amount == 12540


def test_every_outcome_is_explained():
    assert sorted(_first_column(_section("A result"))) == sorted(Outcome)


def test_every_reason_code_is_listed_once():
    assert _first_column(_section("Reason codes")) == list(REASONS)


def test_the_size_limit_is_the_code_s():
    assert f"at most {MOST_BYTES // 1024} KiB" in README
    assert "messageTtl=-1" in README


def test_renewing_a_page_that_lost_its_marks_is_an_error():
    with pytest.raises(ValueError, match="marks"):
        with_reasons(README.replace("<!-- end of reasons -->", ""))
