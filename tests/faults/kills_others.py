"""Messages that are no payments, as a campaign of kills sends them, and what must have become of each."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final

from azure.storage.queue.aio import QueueServiceClient

from local.simulator.wire import AccountRow, ReceiptRow
from local.traffic import Traffic
from shared.exchange.result import Outcome
from shared.ledger.entry import Entry, Kind, State
from tests.faults.kills_courses import Course

type Fields = dict[str, Any]

_EARLIER: Final = timedelta(minutes=1)
"""Updates were made before they are sent, each later than the one before."""


class Others(Traffic):
    """What is sent of one course; its results come by the same queue as the payments'."""

    def __init__(self, queues: QueueServiceClient, course: Course, payments: Traffic, random: Random) -> None:
        """Nothing is sent yet."""
        super().__init__(queues, [], course.queue)
        self.results, self.told = payments.results, payments.told
        self.course = course
        self.sent: list[Fields] = []
        self._references: list[str] = []
        self._random = random
        self._begun = datetime.now(UTC) - _EARLIER
        self._order = count()

    def follow(self, payments: Sequence[Fields]) -> None:
        """One message about each of these payments, or about its customer."""
        fresh = [self._undoing(each) if self.course.undoes else self._update(each) for each in payments]
        self.sent += fresh
        self._references += [each["confirmationNumber"] for each in payments]
        self.add([json.dumps(each) for each in fresh])

    def wrong(
        self,
        entries: Sequence[Entry],
        receipts: Mapping[str, Sequence[ReceiptRow]],
        accounts: Mapping[str, Mapping[str, AccountRow]],
    ) -> Iterator[str]:
        """A sentence for each that was lost, is not done, or not told as it is."""
        kept = {entry.key.id: entry for entry in entries if entry.key.kind is self.course.kind}
        told = {str(result.id): result.outcome for result in self.results.values() if result.kind == self.course.kind}
        for each in self.sent:
            id_, entry = each[self.course.id_field], kept.get(each[self.course.id_field])
            if entry is None or not _is_told(entry, told.get(id_)):
                stands = f"{entry.state} ({entry.reason})" if entry else "lost"
                yield f"{self.course.kind} {id_} is {stands} and told as {told.get(id_)}."
        yield from self._voided_otherwise(receipts) if self.course.undoes else self._set_otherwise(accounts)

    def _undoing(self, paid: Fields) -> Fields:
        today = datetime.now(UTC).date().isoformat()
        common = {"schemaVersion": 1, "paymentId": paid["paymentId"], "amount": paid["amount"]}
        own = {"billerId": paid["billerId"], self.course.id_field: self._id()}
        if self.course.kind is Kind.ACH_REJECT:
            return common | own | {"returnCode": "R01", "returnedOn": today}
        return common | own | {"type": "void", "occurredOn": today}

    def _update(self, paid: Fields) -> Fields:
        at = (self._begun + timedelta(milliseconds=next(self._order))).isoformat()
        common = {"schemaVersion": 1, "billerId": paid["billerId"], "customerNumber": paid["customerNumber"]}
        own = {self.course.id_field: self._id()}
        if self.course.kind is Kind.REGISTRATION:
            return common | own | {"email": f"{own['eventId'][:8]}@example.test", "registeredAt": at}
        change = self._random.choice(["enrolled", "cancelled"])
        return common | own | {"change": change, "changedAt": at, "effectiveOn": at[:10]}

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _voided_otherwise(self, receipts: Mapping[str, Sequence[ReceiptRow]]) -> Iterator[str]:
        """Each payment's one receipt is void."""
        for each, reference in zip(self.sent, self._references, strict=True):
            found = [row["status"] for row in receipts[each["billerId"]] if row["reference"] == reference]
            if found != ["VOIDED"]:
                yield f"The receipts of payment {each['paymentId']}, which went back, are {found}."

    def _set_otherwise(self, accounts: Mapping[str, Mapping[str, AccountRow]]) -> Iterator[str]:
        """Each customer's account shows what was set last."""
        latest = {(each["billerId"], each["customerNumber"]): each for each in self.sent}
        for (biller, customer), each in latest.items():
            account = accounts.get(biller, {}).get(customer)
            shown = account and (account["email"] if "email" in each else account["autopay"])
            if shown != each.get("email", each.get("change") == "enrolled"):
                yield f"Customer {customer} of biller {biller} has {shown}, and {each[self.course.id_field]} says otherwise."


def _is_told(entry: Entry, outcome: str | None) -> bool:
    """Done and told as done; of updates those that a newer one overtook are skipped."""
    match entry.state:
        case State.POSTED:
            return outcome == (Outcome.APPLIED if entry.key.kind.is_update else Outcome.REVERSED)
        case State.SKIPPED:
            return entry.key.kind.is_update and outcome == Outcome.SKIPPED
        case _:
            return False
