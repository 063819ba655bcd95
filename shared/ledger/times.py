"""Every waiting time of the ledger, in seconds, in one place."""

from dataclasses import dataclass, fields
from typing import Any, Self

MINUTE = 60.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds, all of them; ``divided`` makes the same shape run faster for tests with real processes."""

    deadline: float = 45
    """One call to the peer, from connecting to the last byte."""
    lease: float = 60
    """How long ``sending`` may last before it counts as ``unknown``; longer than the deadline."""
    lease_margin: float = 5
    """What must be left of the lease, beyond the deadline, before the first byte leaves."""
    slot_wait: float = 2
    """How long one invocation waits for a slot of its own process."""
    slot_retry: float = 30
    """When a payment that found all slots taken is due again."""
    backoff: tuple[float, ...] = (30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE)
    """Waiting after a failure that sent nothing; the last one repeats."""
    put_off: tuple[float, ...] = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
    """Waiting after a step that this app's own code cannot do; the last one repeats."""
    patience: tuple[float, ...] = (
        *(minutes * MINUTE for minutes in (0.5, 1, 2, 5, 10, 30)),
        *(hours * HOUR for hours in (1, 3, 6)),
    )
    """How often a reject or reversal looks for a payment that never came; the last one repeats."""
    breaker: tuple[float, ...] = (30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE)
    """How long a breaker stays open before the next probe; the last one repeats."""
    block_trial: float = 30 * MINUTE
    """After this, one message tries whether what blocked a biller, and is on no list, is over."""
    gate_cache: float = 5
    """How old a remembered breaker may be."""
    asks: tuple[float, ...] = (
        *(minutes * MINUTE for minutes in (1, 5, 15, 26, 37, 60, 90)),
        *(hours * HOUR for hours in (2, 2.5, 3, 4)),
    )
    """When the peer is asked about an unknown outcome, counted from the attempt."""
    ask_every: float = HOUR
    """How often it is asked after that."""
    ask_held_every: float = 12 * HOUR
    """How often it is asked about a doubt that a person was told of."""
    ask_held_for: float = 40 * 24 * HOUR
    """How long it is asked about such a doubt."""
    settle: float = 15 * MINUTE
    """An absence seen earlier than this, and twice the list's lag, proves nothing: the request may still land."""
    most_lag: float = 12 * HOUR
    """What is missing for longer than this is no lag."""
    absence_gap: float = 10 * MINUTE
    """The two absences that prove it lie at least this far apart."""
    unseen_lag: float = 45 * MINUTE
    """A list may begin to lag by this much without ever having done so: the second absence comes no earlier."""
    after_margin: float = 2 * MINUTE
    """How much later than the attempt the send of a payment must begin that is shown behind it."""
    counter_margin: float = 3 * HOUR
    """How much later a counter receipt must be, beyond the greatest clock offset that was seen."""
    give_up: float = 20 * HOUR
    """After so long without a conclusion a person decides: 24 hours after it was paid a bill is shown as due again."""
    proof: float = 30 * MINUTE
    """How long a proof of absence, or a person's word, is good for: what leaves later is asked about once more."""
    second_looks: tuple[float, ...] = (HOUR, 12 * HOUR, 72 * HOUR)
    """When a payment that was sent more than once is looked at for a second receipt, counted from its posting."""
    overdue: float = 4 * HOUR
    """A payment this old raises an alert: after 24 hours Invoice Cloud shows the bill as due again."""
    alone: float = 20 * HOUR
    """A reject or reversal whose payment is not posted after this raises an alert."""
    past_due: float = 10 * MINUTE
    """An open row this late raises an alert."""
    least_apart: float = 1.0
    """The shortest pause between two calls to a peer that says it gets too much; it doubles each time."""
    most_apart: float = MINUTE
    """The longest such pause."""
    retry_after: tuple[float, float] = (1.0, HOUR)
    """The least and the most that a peer's own wish to be left alone counts for."""
    chain_memory: float = 2 * MINUTE
    """How long a process remembers that it deferred a payment of a biller."""

    def divided(self, factor: float) -> Self:
        """The same times, each ``factor`` times shorter.

        Raises:
            ValueError: a factor below 1.
        """
        if factor < 1:
            raise ValueError("times can only be divided by 1 or more")
        divided: dict[str, Any] = {field.name: _divide(getattr(self, field.name), factor) for field in fields(self)}
        return type(self)(**divided)


def nth(pauses: tuple[float, ...], number: int) -> float:
    """The pause after so many in a row; the last one repeats."""
    return pauses[min(number, len(pauses) - 1)]


def _divide(value: float | tuple[float, ...], factor: float) -> float | tuple[float, ...]:
    return tuple(each / factor for each in value) if isinstance(value, tuple) else value / factor
