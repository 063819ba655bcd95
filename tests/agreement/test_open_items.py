"""``docs/open-items.md`` lists every code, and shows an answer as the app gives it."""

import json
import re
from pathlib import Path

from shared.open_items.answer import OpenItems
from shared.open_items.unanswered import CODES, OWN

PAGE = (Path(__file__).parents[2] / "docs" / "open-items.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", PAGE, re.MULTILINE)


def test_every_code_of_its_own_is_listed_and_every_listed_one_exists():
    listed = [code for _, code in ROWS]
    assert set(OWN) <= set(listed) <= set(CODES)
    assert len(listed) == len(set(listed))


def test_every_status_is_listed():
    assert {status for status, _ in ROWS} == {"400", "404", "409", "502", "503", "504"}


def test_the_example_is_an_answer_and_adds_up():
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL).group(1))
    shown = OpenItems.model_validate(example)
    assert list(json.loads(shown.model_dump_json(by_alias=True))) == list(example)
    for owed in (shown, *shown.open_items):
        assert owed.collectable == owed.balance - owed.pending_amount
        assert owed.pending_amount == sum(each.amount for each in owed.pending_payments)
    assert shown.balance == sum(each.balance for each in shown.open_items)
