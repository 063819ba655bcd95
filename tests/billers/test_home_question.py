"""What one stamp asks another: read back as it was asked, and refused where it is anything else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.billers.home_question import MOST, answer, answered, asked, question
from shared.vocabulary.errors import Malformed

IDS = st.lists(st.from_regex(r"[0-9]{1,9}", fullmatch=True), max_size=50, unique=True)


@given(IDS)
def test_question_and_answer_come_back(ids):
    assert asked(question(ids)) == tuple(sorted(ids))
    assert answered(answer(ids).encode()) == set(ids)


def test_a_thousand_billers_are_one_question_within_what_a_callback_may_bring():
    ids = [str(900_000_000 + number) for number in range(MOST)]
    assert len(question(ids)) <= 16 * 1024
    assert len(asked(question(ids))) == MOST


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"null", b"1", b"\xff", b'"billers"', b'{"billers": null}', b'{"billers": "2493"}'),
        *(b'{"billers": [2493]}', b'{"billers": ["x"]}', b'{"billers": [""]}', b'{"billers": ["1234567890"]}'),
        json.dumps({"billers": [str(number) for number in range(MOST + 1)]}).encode(),
        b'{"billers": []' + b" " * 20_000 + b"}",
        b"[" * 10_000,
    ],
)
def test_anything_else_is_refused(body):
    with pytest.raises(Malformed):
        asked(body)
    with pytest.raises(Malformed):
        answered(body.replace(b"billers", b"atHome"))
