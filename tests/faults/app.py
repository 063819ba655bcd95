"""One instance of the app over simulated ways to everything outside it."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
from pydantic import SecretStr

from shared.billers.model import Biller
from shared.billers.registry import BillerRegistry, CachedRegistry
from shared.caselle.client import MOST_BYTES, Wire
from shared.caselle.token_proof import CustomerRead
from shared.exchange.quarantine import Quarantine
from shared.exchange.result import Handled
from shared.ledger.due import Due, to_message
from shared.ledger.store import LedgerStore
from shared.ledger.times import Times
from shared.reversals.message import QUEUES
from shared.tokens.delivery import Delivery
from shared.tokens.endpoint import TokenEndpoint
from shared.tokens.prove import PROOF_WITHIN
from shared.tokens.row import TokenRows
from shared.tokens.vault import SecretVault
from shared.vocabulary.clock import Clock
from tests.fakes.app import app_over, given

TIMES = Times()
_BASE_URL = "https://relay.invalid"
_LIFETIME = timedelta(days=182)
_KINDS = {queue: kind for kind, queue in QUEUES.items()}


@dataclass(frozen=True, kw_only=True)
class Ways:
    """One instance's ways to everything outside it."""

    table: LedgerStore
    billers: BillerRegistry
    token_rows: TokenRows
    vault: SecretVault
    quarantine: Quarantine
    transport: httpx.AsyncBaseTransport
    token_endpoint: TokenEndpoint
    clock: Clock
    shared_clock: Clock


class SimulatedWire(Wire):
    """The real one over a transport that is simulated."""

    def __init__(self, transport: httpx.AsyncBaseTransport, deadline: float) -> None:
        # Not the base's: it reads the machine's certificates, a tenth of a second for every instance that starts.
        self._base_url = _BASE_URL
        self._deadline = deadline
        self._transport = transport
        self._most_bytes = MOST_BYTES


class App:
    """The use cases that the Functions host calls, with memory of their own."""

    def __init__(self, ways: Ways, region: str) -> None:
        app = app_over(
            ways.clock,
            TIMES,
            regions=frozenset({region}),
            ledger=ways.table,
            billers=CachedRegistry(ways.billers, ways.clock),
            tokens=ways.token_rows,
            vault=ways.vault,
            quarantine=ways.quarantine,
        )
        wire = SimulatedWire(ways.transport, TIMES.deadline)
        given(app, shared_clock=ways.shared_clock)
        given(app.caselle, _wire=lambda *_: wire)
        proof = CustomerRead(SimulatedWire(ways.transport, PROOF_WITHIN), PROOF_WITHIN)
        given(app.tokens, _proof=proof, endpoint=ways.token_endpoint)
        self._app = app
        self.gates, self.resolve, self.retry = app.gates, app.repair.resolve, app.repair.retry
        self._clock = ways.clock

    async def handle(self, queue: str, body: bytes, message_id: str, deliveries: int) -> tuple[list[str], list[str]]:
        """What the function of a queue does with one message: results and steps, as they go into their queues."""
        handled = await self._handled(queue, body, message_id, deliveries)
        results = [result.model_dump_json(by_alias=True) for result in handled.results]
        return results, [to_message(due) for due in handled.due]

    async def _handled(self, queue: str, body: bytes, message_id: str, deliveries: int) -> Handled:
        match queue:
            case "payments":
                return await self._app.post_payment.accept(body, message_id)
            case "payments-poison":
                return await self._app.post_payment.shelve(body, message_id)
            case "due":
                return await self._app.drive.step(Due.model_validate_json(body), redelivered=deliveries > 1)
            case "due-poison":
                return await self._app.drive.give_up(body, message_id)
        if queue.endswith("-poison"):
            return await self._app.reverse_payment.shelve(_KINDS[queue.removesuffix("-poison")], body, message_id)
        return await self._app.reverse_payment.accept(_KINDS[queue], body, message_id)

    async def sweep(self) -> list[str]:
        """What the sweeper's timer does: steps, as they go into their queue."""
        return [to_message(due) for due in await self._app.sweep.run()]

    async def look_after_tokens(self) -> None:
        """What the other timer and its queue do."""
        for due in await self._app.sweep_tokens():
            await self._app.tokens.look_after(due)

    async def deliver_token(self, biller: Biller, token: str) -> None:
        """What Caselle's callback does."""
        await self._app.tokens.take(biller, delivery(token, self._clock))


def delivery(token: str, clock: Clock) -> Delivery:
    """A token as Caselle delivers it."""
    return Delivery(token=SecretStr(token), expires_at=clock.now() + _LIFETIME)
