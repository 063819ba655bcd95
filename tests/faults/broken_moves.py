"""Ways to break a rule of losing and moving a ledger; each replaces one function of the product while it is applied."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from shared.billers.homecoming import Homecoming
from shared.billers.model import Biller
from shared.ledger import merge
from shared.ledger.entry import Entry
from shared.payments import drive, peer, post, reading, rules
from shared.payments.message import PaymentMessage
from shared.payments.peer import PaymentPeer
from shared.reversals import reverse
from shared.reversals.drive import ReversalDriver


@contextmanager
def recovery_does_not_ask_for_the_day_of_payment() -> Iterator[None]:
    """What a lost ledger may have sent is looked for around the loss, whenever it was paid."""
    perhaps_sent = rules.perhaps_sent

    def narrow(entry: Entry, message: PaymentMessage, biller: Biller) -> Entry:
        marked = perhaps_sent(entry, message, biller)
        day = (biller.recover_before or entry.received_at).astimezone(biller.zone).date().isoformat()
        # The days of the attempt itself are asked for in any case.
        return marked._replace(first_day=day, last_day=day, first_dated=day, first_sent_at=marked.sent_at)

    with ExitStack() as patches:
        for module in (drive, peer, post):
            patches.enter_context(patch.object(module, "perhaps_sent", narrow))
        patches.enter_context(patch.object(reading, "_days_of", _days_of_the_attempt))
        yield


def _days_of_the_attempt(entry: Entry) -> list[Any]:
    return [(entry.sent_at or entry.received_at).date()]


@contextmanager
def recovery_asks_nobody() -> Iterator[None]:
    """What was paid before a loss is sent as if nobody had it."""
    with ExitStack() as patches:
        patches.enter_context(patch.object(post, "recovering", lambda *_: False))
        for module in (drive, peer):
            patches.enter_context(patch.object(module, "unasked_since_loss", lambda *_: False))
        yield


@contextmanager
def copy_is_believed() -> Iterator[None]:
    """What a copy that lags shows as unsent is taken for unsent."""
    with ExitStack() as patches:
        for module in (drive, peer):
            patches.enter_context(patch.object(module, "unasked_since_loss", lambda *_: False))
        yield


def what_a_copy_holds_is_let_go() -> AbstractContextManager[Any]:
    """What a copy that lags shows as held is retried, or ended by a void, as if nothing had been sent since."""
    return patch.object(PaymentPeer, "after_loss", lambda _, entry: entry)


@contextmanager
def versions_begin_anew() -> Iterator[None]:
    """After a loss versions are counted from one, as if nothing had been told before."""
    with ExitStack() as patches:
        for module in (post, reverse, rules):
            patches.enter_context(patch.object(module, "version_base", lambda _: 0))
        yield


def void_after_a_loss_at_once() -> AbstractContextManager[Any]:
    """A void that the lost ledger sent at the last moment is taken for one that never was."""
    return patch.object(ReversalDriver, "_may_still_land", lambda *_: False)


def move_skips() -> AbstractContextManager[Any]:
    """What is at the new home already stays as it is, whatever the old home knows of it."""
    return patch.object(merge, "merged", lambda *_: None)


@contextmanager
def stamp_comes_back_and_sends() -> Iterator[None]:
    """A stamp that was away asks nobody who is home of its billers by now."""

    async def unasked(*_: object) -> None:
        return None

    with patch.object(Homecoming, "__call__", unasked):
        yield


@contextmanager
def silent_stamp_is_taken_for_gone() -> Iterator[None]:
    """A stamp that does not answer is not home to anybody."""
    doubts = Homecoming._doubts

    async def trusting(self: Homecoming, mine: Any) -> dict[str, str]:
        found = await doubts(self, mine)
        return {biller: words for biller, words in found.items() if "could not be asked" not in words}

    with patch.object(Homecoming, "_doubts", trusting):
        yield
