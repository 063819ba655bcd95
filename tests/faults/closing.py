"""What must be so at the end of a run: nothing lost, cents conserved, everything reported, nothing secret anywhere."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from shared.exchange.reasons import REASONS
from shared.exchange.result import Outcome, PostingResult, result_of
from shared.ledger import rows
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
_OF_THE_MESSAGE: Final = frozenset({Outcome.CONFLICT, Outcome.INVALID})
_INBOUND: Final = ("payments", "ach-rejects", "reversals")
_ELSEWHERE: Final = frozenset({Acts.CALL, Acts.ORDER, Acts.HISTORY})
"""Faults that concern one city's server only."""


class Closing:
    """Checks a run that has come to rest. ``told``: the app's events."""

    def __init__(self, world: "World", told: Iterable[Told]) -> None:
        self._world = world
        self._sent = world.sent
        self._told = list(told)
        self._told_of: defaultdict[str, list[PostingResult]] = defaultdict(list)
        """By entry, whichever of its messages it answered."""
        self._last: dict[str, PostingResult] = {}
        """By entry, what Invoice Cloud takes for its last word: a lower version is stale."""
        self._results: defaultdict[str, list[PostingResult]] = defaultdict(list)
        for each in world.host.results:
            result = PostingResult.model_validate_json(each)
            self._results[result.message_id].append(result)
            self._told_of[f"{result.biller_id}~{result.kind}~{result.id}"].append(result)
            key = f"{result.biller_id}~{result.kind}~{result.id}"
            if result.outcome not in _OF_THE_MESSAGE and result.version >= self._last.get(key, result).version:
                self._last[key] = result
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
        names = message.names
        aside = self._world.quarantine.items
        if message.key is None and not any((queue, name) in aside for queue in _INBOUND for name in names):
            self._broken("lost", f"{message.id} can never be posted, and is not in the quarantine")
        if message.key is not None and str(message.key) not in self._entries:
            self._broken("lost", f"{message.key} is not in the ledger")
        if self._waits(message):
            return
        if not message.answered and not any(self._results[name] for name in names):
            self._broken("I14", f"nothing was reported for {message.id}")

    def _waits(self, message: Message) -> bool:
        """A reject whose payment never came or is held has no outcome yet."""
        entry = self._entries.get(str(message.key))
        return entry is not None and entry["state"] == State.WAITING and entry["message_id"] in message.names

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
        reported = {(each.outcome, each.version) for each in self._told_of[str(entry.key)]}
        if entry.state is State.POSTED and entry.key.kind is Kind.PAYMENT and entry.attempt:
            self._told_whole(entry)
        now = result_of(entry, entry.received_at)
        last = self._last.get(str(entry.key))
        stands = last is not None and (last.version == now.version or self._taken_back(entry))
        if last is None or last.outcome != now.outcome or not stands:
            said = last and (last.outcome, last.version)
            self._broken("I18", f"{entry.key} is {now.outcome}, version {now.version}, and its last word is {said}")
        if (now.outcome, now.version) not in reported and not self._taken_back(entry):
            self._broken("I14", f"{entry.key} ended as {entry.state}, version {now.version}; told {reported}")

    def _taken_back(self, entry: Entry) -> bool:
        """Whether it stands as it was told before a ledger was lost."""
        first = self._world.table.rows.get((rows.shard_of(entry.key.biller), rows.event_key(entry.key, entry.version)))
        return first is not None and "told" in first.values

    def _told_whole(self, entry: Entry) -> None:
        """What was reduced before it was told cannot be told as it was."""
        version = entry.version_base + entry.version
        told = [each for each in self._results[entry.message_id] if each.version == version]
        if "M13" in self._world.plan.faults:
            return  # what a move merges is told once more, however it was reduced
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
        ended, auditor = any(not each.live for each in made), self._world.auditor
        number = str(self._entries[key].get("receipt_number"))
        apart = auditor.excuse(key) is not None or auditor.of_a_namesake(key, number, city)
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
