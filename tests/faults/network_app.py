"""The app's real parts before the Caselle simulator, a fault proxy between them, in virtual time."""

import math
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr

from local.simulator.client import SimulatorControl
from local.vault_certificate import certificate_files
from shared.billers.model import Biller
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from shared.ledger.answer import Answer
from shared.ledger.entry import Entry
from shared.payments.gateway import ReceiptOrder
from tests.fakes.clock import StoppedClock
from tests.fakes.token_source import TrustedToken
from tests.faults.fault_proxy import Door, FaultProxy
from tests.faults.network_shapes import Shape
from tests.payments.world import NEWPORT, World, message

PATIENT: Final = 20.0
"""Seconds: the deadline of a call that ends by itself."""
HASTY: Final = 2.0
"""Seconds: the deadline of one that does not. A quarter of it is for connecting, which must succeed on a busy machine."""
_SHORT_CONNECT: Final = 4.5
"""Seconds: the deadline whose ninth, for connecting, is half a second."""
_A_WHILE: Final = 4
"""Minutes: a receipt made this long after an attempt is a control."""
_MOST_MINUTES: Final = 120


@dataclass(frozen=True, slots=True)
class City(TrustedToken):
    """One biller that is set up in the simulator, and its token."""

    biller: Biller
    secret: SecretStr

    async def token(self, biller_id: str) -> SecretStr | None:
        """As ``shared.caselle.client.TokenSource``: always the same one."""
        return self.secret

    async def instead_of(self, biller: Biller, refused: SecretStr) -> SecretStr | None:
        """There is no other."""
        return None


async def found_cities(token_url: str, control: SimulatorControl, count: int) -> list[City]:
    """So many cities like Newport; whatever the simulator held is forgotten."""
    records = [NEWPORT | {"billerId": f"{2493 + n}", "subdomain": f"city{n}"} for n in range(count)]
    await control.put_billers([_setup(record) for record in records])
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:  # noqa: S501 - loopback speaks http
        return [City(Biller.model_validate(record), await _token(http, token_url, record)) for record in records]


def _setup(record: dict[str, Any]) -> dict[str, Any]:
    kept = {name: record[name] for name in ("billerId", "subdomain", "applications")}
    customers = {"000412": {"name": "Ada", "invoices": {"10023": "100.00", "10044": "25.40"}}}
    credentials = {"clientId": record["billerId"], "clientSecret": record["subdomain"]}
    return kept | credentials | {"connectVersion": "2025.11", "customers": customers}


async def _token(http: httpx.AsyncClient, token_url: str, record: dict[str, Any]) -> SecretStr:
    form = {"grant_type": "client_credentials", "client_id": record["billerId"], "client_secret": record["subdomain"]}
    answer = await http.post(token_url, data=form)
    return SecretStr(answer.raise_for_status().json()["access_token"])


def certificate_of_nobody(folder: Path) -> ssl.SSLContext:
    """A server's certificate that no client trusts."""
    files = certificate_files(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


class Overheard(CaselleCashReceipting):
    """As it is, and what it answers is kept."""

    def __init__(self, client: CaselleClient, answers: list[Answer]) -> None:
        super().__init__(client)
        self._answers = answers

    async def create_receipt(self, biller: Biller, order: ReceiptOrder) -> Answer:
        answer = await super().create_receipt(biller, order)
        self._answers.append(answer)
        return answer


@dataclass
class Line:
    """The way from the app to Caselle: the real client, then the proxy."""

    proxy: FaultProxy
    elsewhere: FaultProxy
    """Where a redirect points; it would take the payment."""
    stack: AsyncExitStack
    wires: dict[tuple[str, float], Wire] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    """To every order, in turn."""

    def cash(self, city: City, shape: Shape | None = None) -> CaselleCashReceipting:
        """The client's cash receipting, with the address and the patience that a shape asks for."""
        url = shape.url(self.proxy) if shape else self.proxy.url
        wire = self._wire(url, _SHORT_CONNECT if shape and shape.slow_to_connect else PATIENT)
        client = CaselleClient(wire, city, HASTY if shape and shape.endless else PATIENT)
        return Overheard(client, self.answers)

    def is_usual(self, shape: Shape) -> bool:
        """Whether it is met by the client as it always is."""
        return shape.url(self.proxy) == self.proxy.url and not (shape.endless or shape.slow_to_connect)

    async def meet(self, shape: Shape) -> None:
        """Let the next connection end so."""
        self.proxy.plan.append(shape.act)
        if shape.door is not Door.OPEN:
            await self.proxy.become(shape.door)

    async def heal(self) -> None:
        """Let every connection that is open meet its end, and those to come pass."""
        await self.proxy.quiet()
        self.proxy.plan.clear()
        await self.proxy.become(Door.OPEN)

    def _wire(self, url: str, deadline: float) -> Wire:
        if (url, deadline) not in self.wires:
            # One for all calls, as the app has it: making one takes longer than a call.
            wire = Wire(url, deadline)
            self.stack.push_async_callback(wire.aclose)
            self.wires[url, deadline] = wire
        return self.wires[url, deadline]


@asynccontextmanager
async def line_to(caselle_url: str, certificate: ssl.SSLContext) -> AsyncIterator[Line]:
    """A line of its own to the simulator."""
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(FaultProxy(caselle_url))
        proxy = FaultProxy(caselle_url, certificate=certificate, elsewhere=elsewhere.url)
        yield Line(await stack.enter_async_context(proxy), elsewhere, stack)


class App:
    """The real use cases on an in-memory ledger, with a real client over a line.

    Time is virtual and the same everywhere: it starts at the machine's, and each step is told to the simulator, which
    stamps its receipts by it.
    """

    def __init__(self, line: Line, city: City, control: SimulatorControl, clock: StoppedClock) -> None:
        self.line = line
        self.city = city
        self._control = control
        self.world = World(clock=clock)
        self.payments: list[dict[str, Any]] = []
        self.start_again()

    def start_again(self, shape: Shape | None = None) -> None:
        """In a new process, with the address and the patience that a shape asks for."""
        self.world.city = self.line.cash(self.city, shape)
        self.world.app = self.world.process()
        self._usual = shape is None

    async def begin(self) -> None:
        """Post a payment that meets nothing: an absence is proved beside an earlier one of its kind."""
        await self.world.billers.put(self.city.biller)
        await self.pass_minutes(0)
        await self.deliver(self.new_payment())
        await self.pass_minutes(_A_WHILE)

    async def post(self, shape: Shape) -> dict[str, Any]:
        """A new payment whose first attempt meets the shape."""
        payment = self.new_payment()
        if not self.line.is_usual(shape):
            self.start_again(shape)
        await self.line.meet(shape)
        await self.deliver(payment)
        return payment

    async def heal(self) -> None:
        """Nothing fails any more."""
        await self.line.heal()
        if not self._usual:
            self.start_again()

    async def settle(self, payment: dict[str, Any]) -> Entry:
        """Time passes until the payment is settled. After a while a person unblocks the city, and somebody else pays."""
        await self._pass_until(lambda: False, _A_WHILE)
        await self._unblock()
        await self.deliver(self.new_payment())
        await self._pass_until(lambda: not self.world.keys("O~"), _MOST_MINUTES)
        return await self.world.entry(payment)

    async def deliver(self, payment: dict[str, Any]) -> None:
        await self.world.deliver(payment)
        await self.world.drain()

    async def pass_minutes(self, minutes: int) -> None:
        """Let time pass, here and in the city, and then sweep."""
        clock = self.world.clock
        clock.advance(60 * minutes)
        ahead = (clock.now() - datetime.now(UTC)).total_seconds()
        await self._control.switch(self.city.biller.subdomain or "", clockAheadSeconds=ahead)
        await self.world.pass_time(1, step=1)

    def new_payment(self) -> dict[str, Any]:
        made = message(billerId=self.city.biller.biller_id, paidAt=self.world.clock.now().isoformat())
        self.payments.append(made)
        return made

    async def _unblock(self) -> None:
        biller = self.city.biller.biller_id
        if (await self.world.gates.look(biller)).blocked:
            await self.world.gates.unblock(biller)

    async def _pass_until(self, enough: Callable[[], bool], most: int) -> None:
        """Let minutes pass, at most so many, with a sweep in each that finds something due."""
        while most > 0 and not enough():
            step = min(most, self._minutes_to_next())
            await self.pass_minutes(step)
            most -= step

    def _minutes_to_next(self) -> int:
        """Whole minutes, as the sweeper runs, until something is due."""
        due = min((int(key.split("~")[1]) / 1000 for key in self.world.keys("O~")), default=math.inf)
        return max(1, math.ceil(min(_MOST_MINUTES, (due - self.world.clock.now().timestamp()) / 60)))
