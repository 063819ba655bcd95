"""Watches every write, send, receipt, and acknowledgement, and says at once which invariant broke.

The numbers are those of the reliability notes: I1 one live receipt per payment; I2 acknowledged only when durable;
I3 and I4 no send without its own durable attempt, none again while the first is there or on its way; I5 posted means
that this payment's receipt is there under that number, whatever else the number is bound to; I6 not posted means not
there; I7 the same cents everywhere; I9 one effective void, of a posted payment; I10 versions count events; I11 where
nobody can be asked, no second send without a person, whatever was answered to the first; I12 an open row for whatever
is open; I13 a failed connection leaves no doubt; I15 one renewal at a time; I17 a reference goes to another payment only
from one that ended unposted; I19 nothing is sent by a stamp that is not its biller's home.

What lands after the time to settle, and what a list hides while something else goes wrong, is put apart and told.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from shared.billers import capabilities
from shared.ledger import rows, transition
from shared.ledger.entry import Key, Kind, State
from shared.ledger.retention import REDUCED
from shared.ledger.store import Change, Delete, Insert, Row, Values
from shared.ledger.transition import TRANSITIONS
from tests.faults.app import TIMES
from tests.faults.books import Made
from tests.faults.chronicle import Chronicle
from tests.faults.city import City
from tests.faults.fate import Call

if TYPE_CHECKING:
    from tests.faults.stamp import Stamp
    from tests.faults.world import World

CONNECTING: Final = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "token_unavailable", "no_token"})
OPEN: Final = frozenset({State.RECEIVED, State.WAITING, State.SENDING, State.UNKNOWN})
FUTURE: Final = "being_verified"
"""A state that only a newer release knows (X14)."""


_OF_THE_CITIES: Final = (
    *("chronicle", "apart", "unknown", "_late", "_sworn", "_doubtful", "_names", "_claimed", "_renewals"),
)


class Auditor:
    """Raises through ``World.broken``; keeps only what the checks need."""

    def __init__(self, world: "World", stamp: "Stamp") -> None:
        self._world = world
        self._stamp = stamp
        self._open: Counter[str] = Counter()
        self._slots: Counter[str] = Counter()
        self._sends: Counter[tuple[str, int]] = Counter()
        self._doubtful: Counter[str] = Counter()
        """Sends whose outcome nobody could know, since a person last said that nothing is there."""
        self._renewals: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        """References by payment."""
        self._claimed: dict[str, float] = {}
        """When the latest attempt was claimed, in true time: instances' clocks may be wrong."""
        self._owners: dict[str, str] = {}
        """Who has each reference, by the references' own rows."""
        self._late: set[str] = set()
        """Payments of which an order lands after the time to settle."""
        self._sworn: set[str] = set()
        """Payments that never left and were typed in, of which a person said that they were not."""
        self.chronicle = Chronicle()
        self.apart: defaultdict[str, set[str]] = defaultdict(set)
        """Payments whose second receipt is counted apart, by why."""
        self.unknown: defaultdict[str, set[str]] = defaultdict(set)
        """Payments by biller that were ever in doubt."""

    def beside(self, stamp: "Stamp") -> "Auditor":
        """The auditor of another stamp's ledger, which knows of the cities and of people what this one knows."""
        other = Auditor(self._world, stamp)
        for name in _OF_THE_CITIES:
            setattr(other, name, getattr(self, name))
        return other

    def copied(self, changes: Sequence[Change]) -> None:
        """Rows came from another ledger, or from what Invoice Cloud was told: no steps of this one."""
        for change in changes:
            self._count(change)
            if change.key[0] == "N" and not isinstance(change, Delete):
                self._owners[change.key] = str(change.values["key"])
            if change.key[0] == "P" and not isinstance(change, Delete):
                self._stands(change.key[2:], change.values)

    def _stands(self, key: str, values: Values) -> None:
        """A payment stands otherwise than its last step said: it came from another ledger, or was merged."""
        life = self.chronicle.lives.get(key)
        if life is not None and life.steps and life.steps[-1][1] != values["state"]:
            self.chronicle.came(key, values, self._world.loop.time())

    def restored(self) -> None:
        """The ledger holds what another held at some moment."""
        for (_, key), row in self._stamp.table.rows.items():
            self.copied([Insert(key, row.values)])

    def expect(self, reference: str, key: Key) -> None:
        """A payment that may be sent, under the reference it will have at the city."""
        self._names[str(key)] = reference

    def names_in(self, text: str) -> list[str]:
        """Id and reference of the payments that a text names."""
        named = [(key, name) for key, name in self._names.items() if key.rpartition("~")[2] in text or name in text]
        return [name for key, reference in named for name in (key.rpartition("~")[2], reference)]

    def committed(self, changes: Sequence[Change], before: Mapping[str, Row | None]) -> None:
        """One transaction has been written; ``before`` holds the state rows it replaced."""
        for change in changes:
            self._count(change)
        for change in changes:
            if change.key[0] == "N" and not isinstance(change, Delete):
                self._named(change.key, str(change.values["key"]))
            if change.key[0] == "P" and not isinstance(change, Delete):
                self._state(change, before[change.key], changes)

    def bytes_leave(self, call: Call, city: City) -> None:
        """The first byte of a request is about to leave."""
        if (call.reference or call.operation == "void_receipt") and self._stamp is not self._world.home:
            self._broken("I19", f"{call.key} is sent from {self._stamp.region}, which is not its biller's home")
        if call.operation == "void_receipt":
            self._void_leaves(call, city)
        if call.reference is None:
            return
        key = call.key or ""
        row = self._row_of(key)
        if row is None:
            self._broken("I3", f"{call.reference} is sent, and the ledger does not know it")
            return
        if self._world.loop.time() > self._claimed[key] + TIMES.lease:
            self._broken("I3", f"{call.reference} is sent although its lease has passed; it is {row['state']}")
        void = self._forestalled_by(row)
        if void is not None and void["cents"] == row["cents"]:
            self._broken("I6", f"{call.reference} is sent, and its void {void['id']} was here before it")
        self._leaves_once(call, key, int(row["attempt"]))
        self._leaves_again(call, key, city)
        self.chronicle.born(key, row).sends.append((self._world.loop.time(), str(row["posting_date"])))

    def _leaves_once(self, call: Call, key: str, attempt: int) -> None:
        self._sends[key, attempt] += 1
        if self._sends[key, attempt] > 1:
            self._broken("I3", f"{call.reference} leaves twice in attempt {attempt}")
        call.attempt = attempt

    def _leaves_again(self, call: Call, key: str, city: City) -> None:
        if (city.live(key) or city.under_way[key]) and not self.excuse(key):
            self._broken("I4", f"{call.reference} is sent again while it is there or on its way")
        if self._doubtful[key] and not capabilities.can_query_receipts(city.biller):
            self._broken("I11", f"{call.reference} is sent again, and nobody could be asked")
        self._doubtful[key] += not call.clean
        if call.late is not None and 60 * call.late > TIMES.settle:
            self._late.add(key)

    def decided(self, key: str) -> None:
        """A person has looked into the city's books, and says that nothing of it is there."""
        self._doubtful[key] = 0

    def swears(self, key: str) -> None:
        """A person says that nobody typed a payment in; of one that never left it counts, be it true or not."""
        life, city = self.chronicle.lives.get(key), self._world.cities[f"city{key.partition('~')[0]}"]
        if life is not None and not life.sends and any(made.user == "clerk" for made in city.live(key)):
            self._sworn.add(key)

    def _word_alone(self, key: str) -> bool:
        """Whether a person's word is all that spoke for a payment: its city has no list, or no list showed it."""
        if key not in self._sworn or key in self.apart["sworn"]:
            return key in self.apart["sworn"]
        city, judge = self._world.cities[f"city{key.partition('~')[0]}"], self._world.judge
        asked = capabilities.can_query_receipts(city.biller)
        return not asked or (key in judge.read_for and key not in judge.typed_in_shown)

    def excuse(self, key: str) -> str | None:
        """Why a second receipt of a payment is counted apart, or None."""
        if key in self._late:
            return "late"
        if self._word_alone(key):
            return "sworn"
        return "hidden" if self._world.plan.hides else None

    def attempt_began(self, call: Call) -> float:
        """When the attempt behind a call was claimed, in virtual seconds."""
        # Not the row's own time: the clock that wrote it may have been wrong.
        return self._claimed.get(call.key or "", self._world.loop.time())

    def receipt_made(self, city: City, made: Made, call: Call) -> None:
        order, key = call.variables["input"], call.key or ""
        reference = order["reference"]
        row = self._row_of(key)
        if len(city.live(key)) > 1:
            self._doubled(key, city)
        if row is None:
            self._broken("I3", f"a receipt for {reference}, which the ledger does not know")
        elif int(row["cents"]) != made.cents or row["customer_number"] != order["customer_number"]:
            self._broken("I7", f"{reference}: {row['cents']} cents in the ledger, {made.cents} at the city")
        elif row["posting_date"] != made.day.isoformat() and key not in self._late:
            self._broken("K2", f"{reference} is dated {made.day}, the ledger says {row['posting_date']}")

    def _doubled(self, key: str, city: City) -> None:
        excuse = self.excuse(key)
        if excuse is None:
            self._broken("doubled", f"{key} has {[made.number for made in city.live(key)]}")
        else:
            self.apart[excuse].add(key)

    def receipt_voided(self, city: City, made: Made) -> None:
        if made.voids > 1 and not made.by_clerk:
            self._broken("I9", f"{made.reference} is voided {made.voids} times")

    def _void_leaves(self, call: Call, city: City) -> None:
        """A void is sent only for a payment that stands as posted under this very receipt."""
        number = call.variables["receipt_number"]
        made = next(reversed(city.books.numbered.get(number, [])), None)
        row, undoes = self._row_of(made.key or "") if made else None, self._row_of(call.key or "")
        if row is None or row["state"] != State.POSTED or row.get("receipt_number") != number:
            self._broken("I9", f"a void of {number} is sent, whose payment is {row and row['state']}")
        elif undoes is None or undoes.get("reverses") != row["id"]:
            self._broken("I9", f"{call.key} voids {number}, which is of {made and made.key}")

    def renewing(self, biller: str, change: int) -> None:
        """A token's renewal begins (+1) or ends (-1) at the token endpoint."""
        self._renewals[biller] += change
        if self._renewals[biller] > 1:
            self._broken("I15", f"two renewals at once for {biller}")

    def acknowledged(self, queue: str, message_id: str, key: Key | None) -> None:
        """A message is deleted from its queue."""
        inbound = queue.removesuffix("-poison")
        if inbound == "due" or (inbound, message_id) in self._world.quarantine.items:
            return
        if key is None or (rows.shard_of(key.biller), rows.state_key(key)) not in self._stamp.table.rows:
            self._broken("lost", f"{message_id} is acknowledged, and is nowhere")

    def check_all(self) -> None:
        """I10 and I12 for every entry, from the rows alone."""
        table = self._stamp.table.rows
        for (shard, key), row in table.items():
            if key.startswith("P~"):
                self._replay(shard, row)

    def _replay(self, shard: str, row: Row) -> None:
        key, version = row.key[2:], int(row.values["version"])
        if row.values["message"] == REDUCED:
            return
        was, merged = "", self._merged_at(shard, key, version)
        for number in range(1, version + 1):
            event = self._stamp.table.rows.get((shard, f"E~{key}~{number:06}"))
            if event is not None and transition.MERGED in event.values:
                was = str(event.values["state"])
                continue
            if number < merged:
                continue
            if event is None or event.values["was"] != was:
                self._broken("I10", f"{key}: event {number} is missing or follows from another state")
                return
            was = str(event.values["state"])
        if was != row.values["state"] or (shard, f"E~{key}~{version + 1:06}") in self._stamp.table.rows:
            self._broken("I10", f"{key}: its events end in {was}, its row says {row.values['state']}")

    def _merged_at(self, shard: str, key: str, version: int) -> int:
        """The event by which a move put it in another's place: what was before it counts two ledgers."""
        found = {number: self._stamp.table.rows.get((shard, f"E~{key}~{number:06}")) for number in range(version + 1)}
        return max((number for number, row in found.items() if row and transition.MERGED in row.values), default=0)

    def _count(self, change: Change) -> None:
        step = 1 if isinstance(change, Insert) else -1 if isinstance(change, Delete) else 0
        if step and change.key[0] == "O":
            self._open[change.key.split("~", 2)[2]] += step

    def _state(self, change: Change, before: Row | None, changes: Sequence[Change]) -> None:
        assert not isinstance(change, Delete)
        values, key = change.values, change.key[2:]
        was = str(before.values["state"]) if before else None
        state, version = str(values["state"]), int(values["version"])
        if state not in State or was == FUTURE:
            self._foreign(key, was, state)
            return
        moved = any(each.key == f"E~{key}~{version:06}" for each in changes if not isinstance(each, Delete))
        begun = int(self._forestalled_by(values) is not None)
        if version != (int(before.values["version"]) if before else begun) + moved:
            self._broken("I10", f"{key}: version {version} without its event")
        if moved and State(state) not in TRANSITIONS[State(was) if was else None]:
            self._broken("I10", f"{key}: {was} -> {state} is no transition")
        self._positions(key, State(state), values)
        if moved:
            self._truth(key, was, State(state), values)

    def _named(self, reference: str, key: str) -> None:
        """I17: whoever had a reference and is not known to have ended unposted keeps it."""
        owner = self._owners.setdefault(reference, key)
        row = self._row_of(owner)
        if owner != key and row is not None and row["state"] not in {State.NOT_POSTED, State.SKIPPED}:
            self._broken("I17", f"{owner} is {row['state']}, and its reference goes to {key}")
        self._owners[reference] = key

    def _forestalled_by(self, entry: Values) -> Values | None:
        """The void that came before a payment, or None."""
        key, shard = rows.key_of(Row("", entry, "")), rows.shard_of(str(entry["biller"]))
        first = self._stamp.table.rows.get((shard, rows.event_key(key, 1)))
        if first is None or "forestalled_by" not in first.values:
            return None
        void = Key(key.biller, Kind.REVERSAL, str(first.values["forestalled_by"]))
        return self._stamp.table.rows[shard, rows.state_key(void)].values

    def _foreign(self, key: str, was: str | None, state: str) -> None:
        if was == FUTURE and not self._world.newer_release_writes:
            self._broken("X14", f"{key}: this release wrote over a state that it does not know")
        if state == FUTURE and not self._world.newer_release_writes:
            self._broken("X14", f"{key}: this release wrote {state}")

    def _positions(self, key: str, state: State, values: Values) -> None:
        if self._open[key] != int("due" in values) or (state in OPEN and "due" not in values):
            self._broken("I12", f"{key} is {state} and has {self._open[key]} open rows")
        if (state is State.SENDING) != ("slot" in values):
            self._broken("I12", f"{key} is {state}, slot {values.get('slot')}")

    def _truth(self, key: str, was: str | None, state: State, values: Values) -> None:
        biller = str(values["biller"])
        city = self._world.cities.get(f"city{biller}")
        if city is None or not values["reference"]:
            return
        if state is State.UNKNOWN or values.get("reason") == "outcome_unknown":
            self._doubt(key, biller, was, values)
        if values["kind"] == Kind.PAYMENT:
            self.chronicle.came(key, values, self._world.loop.time())
            self._payment_truth(key, was, state, values, city)

    def _payment_truth(self, key: str, was: str | None, state: State, values: Values, city: City) -> None:
        there = city.live(key)
        if state is State.SENDING:
            self._claimed[key] = self._world.loop.time()
        # A list that shows what counts as void says that it is undone (P22).
        if state is State.REVERSED and there and not self.excuse(key) and "P22" not in self._world.plan.faults:
            self._broken("I9", f"{key} is reversed, and is live at the city")
        if state is State.POSTED:
            self._posted_is_there(key, str(values.get("receipt_number")), city)
        if state is State.NOT_POSTED and (there or city.under_way[key]) and not self.excuse(key):
            self._broken("I6", f"{key} goes {was} -> {state}, and is at the city or on its way")

    def _posted_is_there(self, key: str, number: str, city: City) -> None:
        """I5: the number is one of its own, and counted at some moment since its latest attempt began."""
        since = self._claimed.get(key, 0.0)
        if self.of_a_namesake(key, number, city):
            return
        if not any(made.number == number and made.lived(since) for made in city.books.of.get(key, ())):
            self._broken("I5", f"{key} is posted as {number}, the city has {city.books.of.get(key, [])}")

    def of_a_namesake(self, key: str, number: str, city: City) -> bool:
        """Whether a receipt is another's of the same reference: a ledger that was lost knew which of the two had it."""
        reference = self._names.get(key)
        others = (made for made in city.books.numbered.get(number, ()) if made.key != key)
        same = any(made.reference == reference for made in others)
        return self._world.lost_at is not None and reference is not None and same

    def _doubt(self, key: str, biller: str, was: str, values: Values) -> None:
        self.unknown[biller].add(key)
        if was == State.SENDING and {str(values.get("reason")), str(values.get("detail"))} & CONNECTING:
            self._broken("I13", f"{key}: a connection that failed left it {values['state']}")

    def _row_of(self, key: str) -> Values | None:
        """The state row of a payment."""
        biller = key.partition("~")[0]
        row = self._stamp.table.rows.get((rows.shard_of(biller), f"P~{key}")) if key else None
        return row.values if row else None

    def _broken(self, code: str, what: str) -> None:
        self._world.broken(code, what)
