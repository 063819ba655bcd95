"""The way between one instance's client and the cities, below httpx."""

import asyncio
import json
from typing import TYPE_CHECKING, Final, override

import httpx

from tests.faults.city import City
from tests.faults.errand import ERRAND
from tests.faults.fate import Answer, Call, plain

if TYPE_CHECKING:
    from tests.faults.instance import Instance

_OPERATIONS: Final = ("create_receipt", "void_receipt", "receipt", "customer")
_SUBDOMAIN: Final = "X-Caselle-Subdomain"


class SimulatedTransport(httpx.AsyncBaseTransport):
    """Connects, sends, and waits; the server's side of a request goes on alone once its last byte has left."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._world = instance.world

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        city = self._world.cities[request.headers[_SUBDOMAIN]]
        call = _call_of(request, city, self._instance.name)
        number = self._world.count_call()
        self._world.weather.meet(call)
        await self._connect(call)
        answer = self._send(call, city, number)
        await self._may_stop(call)
        if call.cut_off:
            raise call.cut_off
        found = await answer
        await self._instance.wait(0)
        self._crash("X9")
        self._instance.die_if_planned(number, "after")
        response = (call.ending or plain)(found)
        if call.reading is not None:
            self._world.judge.given(call)
        return response

    async def _connect(self, call: Call) -> None:
        await self._instance.wait(call.connecting)
        if call.never_left:
            self._world.note(self._instance.name, f"no connection {call.operation} {call.reference or call.biller}")
            raise call.never_left

    def _send(self, call: Call, city: City, number: int) -> asyncio.Future[Answer]:
        """From the first byte to the last; what ends in between is never worked on."""
        self._instance.die_if_planned(number, "before")
        self._crash("X7")
        self._instance.stamp.auditor.bytes_leave(call, city)
        self._world.note(self._instance.name, f"{call.operation} {call.reference or call.biller}")
        self._crash("X8")
        answer: asyncio.Future[Answer] = self._world.loop.create_future()
        if call.works and call.reference:
            city.under_way[call.key or ""] += 1
        self._world.loop.call_later(self._delay(call), self._lands, call, city, answer)
        self._crash("X8")
        return answer

    def _delay(self, call: Call) -> float:
        if call.late is None:
            return call.lands_after + self._world.latency.random() * 0.4
        begun = self._instance.stamp.auditor.attempt_began(call)
        return max(0.0, begun + 60 * call.late - self._world.loop.time())

    def _lands(self, call: Call, city: City, answer: asyncio.Future[Answer]) -> None:
        if call.works and call.reference:
            city.under_way[call.key or ""] -= 1
        if call.reference and call.ignored:
            city.not_made()
        found = city.answer(call) if call.works else call.instead or (504, b"")
        if call.works:
            self._world.note("city", f"{call.operation} {call.reference or call.biller} {found[0]}")
        self._world.city_answered(call, found)
        if not call.hangs:
            self._world.loop.call_later(self._world.latency.random() * 0.4, _give, answer, found)

    async def _may_stop(self, call: Call) -> None:
        """Once the bytes have left: stand still, or be drained."""
        weather = self._world.weather
        if weather.strikes("K4"):
            self._instance.freeze()
        if weather.strikes("X13"):
            task = asyncio.current_task()
            if weather.toss() or task is None:
                self._world.loop.call_later(0.1, self._instance.terminate)
            else:
                self._world.loop.call_later(0.1, task.cancel)

    def _crash(self, point: str) -> None:
        if self._world.weather.strikes(point):
            self._instance.die(f"in a call ({point})")


def _call_of(request: httpx.Request, city: City, instance: str) -> Call:
    body = json.loads(request.content)
    operation = next(name for name in _OPERATIONS if f" {name}(" in body["query"])
    variables = body["variables"]
    reference = variables["input"]["reference"] if operation == "create_receipt" else None
    token = request.headers["Authorization"].removeprefix("Bearer ")
    return Call(instance, city.biller.biller_id, operation, token, variables, reference, ERRAND.get())


def _give(answer: asyncio.Future[Answer], found: Answer) -> None:
    if not answer.done():
        answer.set_result(found)
