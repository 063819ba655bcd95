"""Parts that are made with the first call."""

import logging

import pytest

from shared.ledger.answer import Accepted, NotSent
from shared.runtime.late import LateReceipting
from shared.vocabulary.errors import Misconfigured


class Receipting:
    async def create_receipt(self, biller, order):
        return Accepted("5.00001")

    async def void_receipt(self, biller, receipt_number, reason):
        return Accepted(receipt_number)


async def test_nothing_is_made_before_the_first_call():
    made = []
    late = LateReceipting(lambda: made.append("once") or Receipting())
    assert made == []
    assert await late.create_receipt(None, None) == Accepted("5.00001")
    assert await late.void_receipt(None, "5.00002", "again") == Accepted("5.00002")
    assert made


@pytest.mark.parametrize("error", [ImportError("httpx"), Misconfigured("setting X is missing")])
async def test_a_call_that_cannot_be_made_was_certainly_not_sent_and_is_told(error, caplog):
    """The entry is claimed by then: an error that is raised would make its outcome unknown."""

    def broken():
        raise error

    late = LateReceipting(broken)
    with caplog.at_level(logging.ERROR, "caselle"):
        assert await late.create_receipt(None, None) == NotSent("client_not_made", peer_failed=False)
        assert await late.void_receipt(None, "5.00001", "again") == NotSent("client_not_made", peer_failed=False)
    assert [line for line in caplog.messages if type(error).__name__ in line] == caplog.messages
    assert len(caplog.messages) == 2
