"""One instance's use cases, put together as ``shared.runtime.wiring`` does; the only module here that does so."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
from pydantic import SecretStr

from shared.billers.model import Biller
from shared.billers.registry import BillerRegistry, CachedRegistry
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import MOST_BYTES, CaselleClient, Wire
from shared.caselle.token_proof import CustomerRead
from shared.exchange.quarantine import Quarantine
from shared.exchange.result import Handled
from shared.ledger.book import Ledger
from shared.ledger.chain import Chain
from shared.ledger.due import Due, to_message
from shared.ledger.gates import Gates
from shared.ledger.outage import Outage
from shared.ledger.reading import Reader
from shared.ledger.send_once import SendOnce
from shared.ledger.slots import LocalSlots
from shared.ledger.store import LedgerStore
from shared.ledger.sweep import Sweep
from shared.ledger.times import Times
from shared.payments.named_receipt import NamedReceipt
from shared.payments.post import Desk, PostPayment
from shared.repair.resolve import Resolve
from shared.repair.retry import Retry
from shared.reversals.message import QUEUES
from shared.reversals.reverse import ReversePayment
from shared.tokens.credentials import Credentials
from shared.tokens.delivery import Delivery
from shared.tokens.endpoint import TokenEndpoint
from shared.tokens.grants import Grants
from shared.tokens.keep import TokenKeeper
from shared.tokens.look import LookAfterToken, SweepTokens
from shared.tokens.prove import PROOF_WITHIN, ProveToken
from shared.tokens.renew import RenewToken
from shared.tokens.row import TokenRows
from shared.tokens.serve import ServeToken
from shared.tokens.take import TakeDelivery
from shared.tokens.vault import SecretVault
from shared.vocabulary.clock import Clock
from tests.payments.world import drive_of

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


class Tokens:
    """What receives, serves and looks after tokens."""

    def __init__(self, ways: Ways) -> None:
        rows, clock = ways.token_rows, ways.shared_clock
        keeper, credentials = TokenKeeper(ways.vault, rows, clock), Credentials(ways.vault)
        proof = CustomerRead(SimulatedWire(ways.transport, PROOF_WITHIN), PROOF_WITHIN)
        prove = ProveToken(keeper, rows, proof, clock)
        renew = RenewToken(keeper, rows, Grants(credentials, ways.token_endpoint), clock)
        self.take = TakeDelivery(keeper, credentials, prove)
        self.serve = ServeToken(keeper, prove, renew, ways.clock)
        self.sweep = SweepTokens(rows, clock)
        self.look_after = LookAfterToken(ways.billers, keeper, rows, prove=prove, renew=renew, clock=clock)


class App:
    """The use cases that the Functions host calls, with memory of their own."""

    def __init__(self, ways: Ways, region: str) -> None:
        ledger, slots = Ledger(ways.table), LocalSlots(ways.clock, TIMES)
        self.gates = Gates(ways.table, ways.clock, TIMES)
        self._tokens = Tokens(ways)
        wire = SimulatedWire(ways.transport, TIMES.deadline)
        client = CaselleClient(wire, self._tokens.serve, TIMES.deadline)
        receipting, billers = CaselleCashReceipting(client), CachedRegistry(ways.billers, ways.clock)
        desk = Desk(
            billers=billers,
            ledger=ledger,
            send_once=SendOnce(ledger, self.gates, slots, ways.clock, TIMES),
            chain=Chain(ledger, slots),
            receipting=receipting,
            quarantine=ways.quarantine,
            times=TIMES,
            regions=frozenset({region}),
        )
        reader = Reader(ways.table)
        self.resolve = Resolve(ledger, reader, NamedReceipt(billers, receipting, ledger), TIMES)
        self._post, self._reverse, self._drive = PostPayment(desk), ReversePayment(desk), drive_of(desk)
        self.retry = Retry(ledger, reader, lambda entry: self._drive.drivers[entry.key.kind].peer(entry), TIMES)
        self._sweep = Sweep(ledger, Outage(self.gates), TIMES)
        self._clock = ways.clock

    async def handle(self, queue: str, body: bytes, message_id: str, deliveries: int) -> tuple[list[str], list[str]]:
        """What the function of a queue does with one message: results and steps, as they go into their queues."""
        handled = await self._handled(queue, body, message_id, deliveries)
        results = [result.model_dump_json(by_alias=True) for result in handled.results]
        return results, [to_message(due) for due in handled.due]

    async def _handled(self, queue: str, body: bytes, message_id: str, deliveries: int) -> Handled:
        match queue:
            case "payments":
                return await self._post.accept(body, message_id)
            case "payments-poison":
                return await self._post.shelve(body, message_id)
            case "due":
                return await self._drive.step(Due.model_validate_json(body), redelivered=deliveries > 1)
            case "due-poison":
                return await self._drive.give_up(body, message_id)
        if queue.endswith("-poison"):
            return await self._reverse.shelve(_KINDS[queue.removesuffix("-poison")], body, message_id)
        return await self._reverse.accept(_KINDS[queue], body, message_id)

    async def sweep(self) -> list[str]:
        """What the sweeper's timer does: steps, as they go into their queue."""
        return [to_message(due) for due in await self._sweep.run()]

    async def look_after_tokens(self) -> None:
        """What the other timer and its queue do."""
        for due in await self._tokens.sweep():
            await self._tokens.look_after(due)

    async def deliver_token(self, biller: Biller, token: str) -> None:
        """What Caselle's callback does."""
        await self._tokens.take(biller, delivery(token, self._clock))


def delivery(token: str, clock: Clock) -> Delivery:
    """A token as Caselle delivers it."""
    return Delivery(token=SecretStr(token), expires_at=clock.now() + _LIFETIME)
