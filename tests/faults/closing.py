"""What must be so at the end of a run: nothing lost, cents conserved, everything reported, nothing secret anywhere."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from shared.exchange.reasons import REASONS
from shared.exchange.result import PostingResult, result_of
from shared.ledger.entry import Entry, Kind, State
from shared.ledger.rows import entry_of
from shared.ledger.store import Row, Values
from tests.faults.billers import BYSTANDER
from tests.faults.catalogue import CATALOGUE
from tests.faults.city import City
from tests.faults.fault import Acts, Fault
from tests.faults.host import Message
from tests.faults.traffic import PAYER, SECRET
from tests.faults.verdict import Told, Verdict

if TYPE_CHECKING:
    from tests.faults.world import World

_ENDS: Final = frozenset({State.POSTED, State.REVERSED, State.HELD, State.SKIPPED, State.NOT_POSTED})
_INBOUND: Final = ("payments", "ach-rejects", "reversals")
_ELSEWHERE: Final = frozenset({Acts.CALL, Acts.ORDER, Acts.HISTORY})
"""Faults that concern one city's server only."""


class Closing:
    """Checks a run that has come to rest. ``sent``: the messages that Invoice Cloud enqueued."""

    def __init__(self, world: "World", sent: list[Message], told: Iterable[Told]) -> None:
        self._world = world
        self._sent = sent
        self._told = list(told)
        self._results: defaultdict[str, list[PostingResult]] = defaultdict(list)
        for each in world.host.results:
            result = PostingResult.model_validate_json(each)
            self._results[result.message_id].append(result)
        self._entries = {row.key[2:]: row.values for row in world.table.rows.values() if row.key.startswith("P~")}

    def check(self) -> None:
        """Every promise that can be judged only at the end."""
        self._world.auditor.check_all()
        for message in self._sent:
            self._message(message)
        for row in self._world.table.rows.values():
            if row.key.startswith("P~"):
                self._entry(row)
        self._conserved()
        results = [(self._second(text), text) for text in self._world.host.results]
        Verdict(self._world, [*self._told, *results]).give()
        self._nothing_secret()
        if (
            self._world.plan.kill is None
            and self._world.plan.town() is None
            and all(CATALOGUE[fault].acts in _ELSEWHERE for fault in self._world.plan.faults)
        ):
            self._bystander_unharmed()
        if len(self._world.plan.faults) == 1 and self._world.plan.town() is None:
            self._few_in_doubt(CATALOGUE[self._world.plan.faults[0]])

    def _second(self, result: str) -> float:
        return PostingResult.model_validate_json(result).at.timestamp() - self._world.clock.began

    def _message(self, message: Message) -> None:
        names = [message.id, *([message.became.id] if message.became else [])]
        aside = self._world.quarantine.items
        if message.key is None and not any((queue, name) in aside for queue in _INBOUND for name in names):
            self._broken("lost", f"{message.id} can never be posted, and is not in the quarantine")
        if message.key is not None and str(message.key) not in self._entries:
            self._broken("lost", f"{message.key} is not in the ledger")
        if self._waits(message):
            return
        if not any(self._results[name] for name in names):
            self._broken("I14", f"nothing was reported for {message.id}")

    def _waits(self, message: Message) -> bool:
        """A reject whose payment never came or is held has no outcome yet."""
        entry = self._entries.get(str(message.key))
        return entry is not None and entry["state"] == State.WAITING and entry["message_id"] == message.id

    def _entry(self, row: Row) -> None:
        entry = entry_of(row)
        if entry.state is State.WAITING:
            return  # for a payment that never came or is held: the run would not be at rest otherwise
        if entry.state not in _ENDS:
            self._broken("stuck", f"{entry.key} is still {entry.state}")
        if entry.state is State.HELD and entry.reason not in REASONS:
            self._broken("I14", f"{entry.key} is held for {entry.reason}, which no list explains")
        if entry.state is State.REVERSED:
            return  # told by the reject that did it
        reported = {(each.outcome, each.version) for each in self._results[entry.message_id]}
        if entry.state is State.POSTED and entry.key.kind is Kind.PAYMENT and entry.attempt:
            self._told_whole(entry)
        if (result_of(entry, entry.received_at).outcome, entry.version) not in reported:
            self._broken("I14", f"{entry.key} ended as {entry.state}, version {entry.version}; told {reported}")

    def _told_whole(self, entry: Entry) -> None:
        """What was reduced before it was told cannot be told as it was."""
        told = [each for each in self._results[entry.message_id] if each.version == entry.version]
        if told and all(each.confirmation_number is None for each in told):
            self._broken("I14", f"{entry.key} was told without its confirmation number")

    def _conserved(self) -> None:
        """I8: per biller, what came in is what the ledger has, and what is posted is at the city."""
        came = {str(message.key): message.key.biller for message in self._sent if message.key}
        if Counter(came.values()) != Counter(str(values["biller"]) for values in self._entries.values()):
            self._broken("I8", "the ledger has more or fewer payments than came in")
        open_ = self._for_a_person()
        for city in self._world.cities.values():
            for values in self._of(city.biller.biller_id):
                key = f"{values['biller']}~{values['kind']}~{values['id']}"
                if values["state"] == State.POSTED and values["id"] not in open_:
                    self._there(key, int(values["cents"]), city)
            strangers = [made for made in city.receipts if made.key and made.key not in self._entries]
            if strangers:
                self._broken("I8", f"{strangers[:3]} are of payments that the ledger does not have")

    def _there(self, key: str, cents: int, city: City) -> None:
        """What is posted is at the city to the cent, unless the city itself undid or lost it, or it is put apart."""
        made = city.books.of.get(key, [])
        ended, apart = any(not each.live for each in made), self._world.auditor.excuse(key) is not None
        there = sum(each.cents for each in made if each.live)
        if there != cents and not ended and not apart:
            self._broken("I8", f"{key}: {cents} cents posted, {there} at the city")

    def _for_a_person(self) -> set[str]:
        """Payments of which nobody but a person knows if the receipt stands: held, or a void of theirs that was sent."""
        held = [values for values in self._entries.values() if values["state"] == State.HELD]
        voids = {str(values["reverses"]) for values in held if values.get("reverses") and int(values["attempt"]) > 0}
        return voids | {str(values["id"]) for values in held if values["kind"] == Kind.PAYMENT}

    def _of(self, biller: str) -> list[Values]:
        """The biller's payments."""
        entries = (values for values in self._entries.values() if values["kind"] == Kind.PAYMENT)
        return [values for values in entries if values["biller"] == biller]

    def _nothing_secret(self) -> None:
        """I16: neither token nor payer in any event, result or row, but the message that a state row keeps."""
        kept = (
            f"{name} {value}"
            for row in self._world.table.rows.values()
            for name, value in row.values.items()
            if name != "message"
        )
        aside = (repr(item) for item in self._world.quarantine.items.values())
        for text in (*(text for _, text in self._told), *self._world.host.results, *kept, *aside):
            if SECRET in text or PAYER in text:
                self._broken("I16", f"told or kept: {json.dumps(text)[:200]}")

    def _bystander_unharmed(self) -> None:
        for values in self._of(BYSTANDER):
            if values["state"] not in {State.POSTED, State.REVERSED} or int(values["attempt"]) != 1:
                self._broken("I14", f"a healthy city's {values['id']} is {values['state']}")

    def _few_in_doubt(self, fault: Fault) -> None:
        """What comes and goes is a new cause each time; what can bring nothing in doubt does not so either."""
        most = fault.most_unknown
        if most is None or (most and fault.id not in self._world.weather.steady):
            return
        for biller, keys in self._world.auditor.unknown.items():
            if len(keys) > most:
                self._broken(fault.id, f"{len(keys)} payments of {biller} came in doubt")

    def _broken(self, code: str, what: str) -> None:
        self._world.broken(code, what)
