"""What became of every payment, step by step, by the ledger's own transactions and the bytes that left."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from math import inf
from typing import Final

from shared.ledger.entry import State
from shared.ledger.store import Values

_NEVER: Final = -1.0


@dataclass(eq=False)
class Life:
    """One payment. Seconds are the simulation's."""

    key: str
    biller: str
    reference: str
    cents: int
    kind: tuple[str, str]
    """Application and tender."""
    sends: list[tuple[float, str]] = field(default_factory=list)
    """When each send's first byte left, and the posting date it was given."""
    steps: list[tuple[float, State, str]] = field(default_factory=list)
    """When it came into which state, and why."""
    posted_at: float = _NEVER
    number: str = ""
    doubted_at: float = _NEVER
    settled_at: float = _NEVER
    first_of_kind: bool = False
    """No other payment of its application and tender was posted when its first doubt began."""
    seen_at: float = _NEVER
    """When a reading first showed it whole, once it was posted."""
    missed_at: float = _NEVER
    """When a reading last missed it before that."""
    shown: list[float] = field(default_factory=list)
    """Readings that were made for it and showed it live, alone, with its whole reference and cents."""
    absent: list[tuple[int, float]] = field(default_factory=list)
    """Readings that were made for it and met every condition of an absence: after which attempt, and when."""
    could: bool = False
    """Whether somebody who knows all could have decided by what it was shown."""

    @property
    def first_send(self) -> float:
        return self.sends[0][0]

    @property
    def last_send(self) -> float:
        return self.sends[-1][0]

    @property
    def held_for(self) -> str | None:
        """Why it was for a person after a doubt, if it ever was."""
        held = (reason for at, state, reason in self.steps if state is State.HELD and at >= self.doubted_at)
        return next(held, None)

    @property
    def held(self) -> bool:
        """Whether it was ever for a person after a doubt."""
        return self.held_for is not None

    @property
    def in_doubt_since(self) -> float:
        """When its latest doubt began; a proof that has aged leads to another."""
        states = [State.RECEIVED, *(state for _, state, _ in self.steps)]
        began = [at for (at, state, _), was in zip(self.steps, states, strict=False) if state is State.UNKNOWN != was]
        return began[-1] if began else _NEVER

    @property
    def held_at(self) -> float:
        """When a person was first told of it after its latest send."""
        return next((at for at, state, _ in self.steps if state is State.HELD and at >= self.last_send), inf)

    @property
    def doubted(self) -> bool:
        return self.doubted_at != _NEVER

    @property
    def alone(self) -> bool:
        """Whether its doubts ended without a person."""
        return self.doubted and not self.held and self.steps[-1][1] in {State.POSTED, State.REVERSED}


class Chronicle:
    """Lives by key, and in the order in which they were posted."""

    def __init__(self) -> None:
        self.lives: dict[str, Life] = {}
        self.posted: defaultdict[tuple[str, str, str], list[Life]] = defaultdict(list)
        """By biller, application and tender."""
        self.by_shown: dict[tuple[str, str], Life] = {}
        """By biller and reference, without letter case."""
        self.owners: dict[tuple[str, str], Life] = {}
        """By biller and receipt number: the payments that are bound to one, the latest."""

    def born(self, key: str, values: Values) -> Life:
        """The life of an entry; its message is read when it is seen first."""
        if key not in self.lives:
            message = json.loads(bytes(values["message"]))  # type: ignore[arg-type] - a binary property
            kind = str(message.get("application", "")), str(message.get("tender", ""))
            reference = str(message.get("confirmationNumber", ""))
            life = Life(key, str(values["biller"]), reference, int(values["cents"]), kind)
            self.lives[key] = life
            self.by_shown[life.biller, reference.casefold()] = life
        return self.lives[key]

    def forget_what_was_shown(self) -> None:
        """A ledger was lost, and with it what its readings had shown."""
        for life in self.lives.values():
            life.shown.clear()
            life.absent.clear()

    def came(self, key: str, values: Values, now: float) -> None:
        """An entry has come into a state."""
        life, state = self.born(key, values), State(str(values["state"]))
        life.steps.append((now, state, str(values.get("reason", ""))))
        if state is State.UNKNOWN and not life.doubted:
            life.doubted_at = now
            life.first_of_kind = not self.posted[life.biller, *life.kind]
        if state is State.POSTED:
            self._posted(life, str(values.get("receipt_number", "")), now)
        if life.doubted and state in {State.POSTED, State.HELD} and life.settled_at == _NEVER:
            life.settled_at = now

    def _posted(self, life: Life, number: str, now: float) -> None:
        life.posted_at, life.number = now, number
        self.owners[life.biller, number] = life
        self.posted[life.biller, *life.kind].append(life)
