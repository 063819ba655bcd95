"""What lies in a poison queue is told at every look."""

import json

import pytest

from shared.exchange.poison import QUEUES, WatchPoison
from shared.vocabulary.errors import Unavailable


class Lengths:
    def __init__(self, **messages):
        self._messages = {name.replace("_", "-"): count for name, count in messages.items()}

    async def length(self, queue):
        if (count := self._messages.get(queue, 0)) is None:
            raise Unavailable("queue service: no answer")
        return count


@pytest.fixture
def told(caplog):
    caplog.set_level("INFO", "caselle")
    return lambda: [
        json.loads(line) | {"level": record.levelname}
        for record in caplog.records
        if record.name == "caselle" and (line := record.getMessage())
    ]


async def test_an_empty_stamp_tells_only_that_somebody_looked(told):
    await WatchPoison(Lengths())()
    assert told() == [{"event": "poison.watched", "waiting": 0, "level": "INFO"}]


async def test_each_queue_that_is_not_empty_is_told_at_every_look(told):
    watch = WatchPoison(Lengths(payments_poison=3, due_poison=1))
    for _ in range(2):
        await watch()
    one_look = [
        {"event": "poison.waiting", "queue": "payments-poison", "messages": 3, "level": "WARNING"},
        {"event": "poison.waiting", "queue": "due-poison", "messages": 1, "level": "WARNING"},
        {"event": "poison.watched", "waiting": 2, "level": "INFO"},
    ]
    assert told() == one_look * 2


async def test_a_look_that_could_not_be_finished_is_none(told):
    """The absence of its own event is an alert."""
    with pytest.raises(Unavailable):
        await WatchPoison(Lengths(**{f"{QUEUES[0]}-poison": 1, f"{QUEUES[1]}-poison": None}))()
    assert [each["event"] for each in told()] == ["poison.waiting"]
