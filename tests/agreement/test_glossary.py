"""``docs/glossary.md``: what it names is in the file beside it, and the field's words that people search for are there."""

import re
from pathlib import Path

import pytest

from tests.agreement.names import read

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = [
    (field, re.findall(r"`([^`]+)`", named), [PAGE.parent / link for link in re.findall(r"\]\(([^)]+)\)", where)])
    for field, named, where in re.findall(r"^\| ([^|]+) \| (`[^|]+) \| (\[[^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE)
]
SEARCHED = [
    *(
        "circuit breaker",
        "dead letter",
        "dead-letter queue",
        "state machine",
        "optimistic concurrency",
        "idempotency key",
    ),
    *("write-ahead log", "intent log", "outbox", "inbox", "lease", "fencing token", "saga", "compensating transaction"),
    *(
        "saturation",
        "backpressure",
        "poison message",
        "read model",
        "bulkhead",
        "backoff",
        "single flight",
        "tombstone",
    ),
    *("composition root", "ports and adapters", "anti-corruption layer", "compare-and-swap", "shadow traffic"),
    *("fault injection", "mutation testing", "deterministic simulation", "reconciliation", "half-open"),
]


def test_every_row_of_every_table_is_read():
    assert len(ROWS) == len(
        [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line]
    ) - TEXT.count("| The field's word |")


@pytest.mark.parametrize(("field", "named", "files"), ROWS, ids=[field for field, _, _ in ROWS])
def test_what_it_names_is_in_its_file(field, named, files):
    code = read(files)
    assert [each for each in named if not code.has(each)] == []


@pytest.mark.parametrize("word", SEARCHED)
def test_the_field_s_word_is_found(word):
    assert any(word.casefold() in field.casefold() for field, _, _ in ROWS)


def test_a_name_stands_for_one_thing():
    names = [name for _, named, _ in ROWS for name in named]
    assert {name for name in names if names.count(name) > 1} == set()
