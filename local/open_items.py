"""The portal's part of the demo: what some customers owe, before the payments and after them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
from rich.table import Table

from local.simulator.seed import readable
from local.stack_setup import takes_tokens
from local.tables import new_table
from shared.billers.model import Biller
from shared.ledger.entry import Entry, Kind, State
from shared.open_items.answer import OpenItems
from shared.open_items.pending import APPLICATION
from shared.payments.message import stored
from shared.vocabulary.money import Money

HOW_MANY = 3

_SECONDS = 30


class Asked(NamedTuple):
    """About whom."""

    biller: str
    customer: str


class Answer(NamedTuple):
    """What the app said: a body with status 200 has open items, any other says why not."""

    status: int
    body: Mapping[str, Any]

    @property
    def items(self) -> OpenItems | None:
        """The open items, where there are some."""
        return OpenItems.model_validate(self.body) if self.status == HTTPStatus.OK else None


@dataclass(frozen=True)
class BeforeAndAfter:
    """What was told about each customer before the payments and after them; ``entries`` are the ledger's payments."""

    before: Mapping[Asked, Answer]
    after: Mapping[Asked, Answer]
    entries: Sequence[Entry]

    @cached_property
    def disagreements(self) -> list[str]:
        """Balances that fell by another amount than was posted."""
        return [sentence for asked in self.before for sentence in self._wrong(asked)]

    def report(self) -> list[dict[str, Any]]:
        """The answers as the portal got them."""
        return [
            {
                "billerId": asked.biller,
                "customerNumber": asked.customer,
                "before": self.before[asked].body,
                "after": self.after[asked].body,
            }
            for asked in self.before
        ]

    def table(self) -> Table:
        """Balances and what of them is on its way."""
        columns = ("#owed before", "#open", "#owed after", "#open", "#on its way", "#to collect")
        table = new_table("Open items, before the payments and after", "biller", "customer", *columns)
        for asked, answer in self.before.items():
            table.add_row(*asked, *_shown(answer)[:2], *_shown(self.after[asked]))
        return table

    def _wrong(self, asked: Asked) -> Iterator[str]:
        named = f"Biller {asked.biller}, customer {asked.customer}"
        before, after = self.before[asked], self.after[asked]
        if before.status != after.status or not (before.items or "code" in before.body):
            yield f"{named}: the portal was answered {before.status}, and then {after.status}."
        elif before.items and after.items:
            fell, posted = Money(before.items.balance - after.items.balance), self._posted(asked)
            if fell != posted:
                yield f"{named}: {posted} were posted, and the balance fell by {fell}."

    def _posted(self, asked: Asked) -> Money:
        cents = (
            entry.cents
            for entry in self.entries
            if entry.state is State.POSTED
            and entry.key.kind is Kind.PAYMENT
            and Asked(entry.key.biller, entry.customer_number) == asked
            and stored(entry.message).application == APPLICATION
        )
        return Money(sum(cents))


class Portal:
    """Asks the app as Invoice Cloud's portal does."""

    def __init__(self, functions_url: str, key: str) -> None:
        """``key`` is the host's function key."""
        self._url = functions_url
        self._headers = {"x-functions-key": key}

    async def ask(self, customers: Iterable[Asked]) -> dict[Asked, Answer]:
        """What each owes now."""
        async with httpx.AsyncClient(
            base_url=self._url, headers=self._headers, trust_env=False, timeout=_SECONDS
        ) as http:
            return {asked: await _ask(http, asked) for asked in customers}


def choose(lines: Iterable[str], billers: Iterable[Biller]) -> list[Asked]:
    """The first customers of a payments file, of as many billers as there are."""
    known = {biller.biller_id for biller in billers if takes_tokens(biller)}
    named = dict.fromkeys(
        Asked(payment["billerId"], payment["customerNumber"].strip())
        for payment in readable(lines)
        if payment["billerId"] in known and payment.get("application") == APPLICATION
    )
    of_each = {asked.biller: asked for asked in reversed(named)}
    firsts = [asked for asked in named if of_each[asked.biller] == asked]
    return [*firsts, *(asked for asked in named if asked not in firsts)][:HOW_MANY]


async def _ask(http: httpx.AsyncClient, asked: Asked) -> Answer:
    customer = quote(asked.customer, safe="")
    response = await http.get(f"/api/billers/{asked.biller}/customers/{customer}/open-items")
    return Answer(response.status_code, response.json() if "json" in response.headers["Content-Type"] else {})


def _shown(answer: Answer) -> tuple[str, ...]:
    """Balance and number of items, what is on its way, what is left; or why there is no answer."""
    items = answer.items
    if items is None:
        return str(answer.body.get("code", answer.status)), "", "", ""
    return str(items.balance), str(len(items.open_items)), str(items.pending_amount), str(items.collectable)
