"""One instance's use cases, put together as ``shared.runtime.wiring`` does; the only module here that does so."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
from pydantic import SecretStr

from shared.billers.registry import BillerRegistry, CachedRegistry
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from shared.ledger.book import Ledger
from shared.ledger.chain import Chain
from shared.ledger.due import Due, to_message
from shared.ledger.gate import Gates
from shared.ledger.send_once import SendOnce
from shared.ledger.slots import LocalSlots
from shared.ledger.store import LedgerStore
from shared.ledger.sweep import Sweep
from shared.ledger.times import Times
from shared.payments.drive import DrivePayment
from shared.payments.post import Desk, PostPayment
from shared.payments.quarantine import Quarantine
from shared.tokens.delivery import Delivery
from shared.tokens.keep import SecretVault, TokenKeeper, TokenRows
from shared.vocabulary.clock import Clock

TIMES = Times()
_BASE_URL = "https://relay.invalid"
_LIFETIME = timedelta(days=182)


@dataclass(frozen=True, kw_only=True)
class Ways:
    """One instance's ways to everything outside it."""

    table: LedgerStore
    billers: BillerRegistry
    token_rows: TokenRows
    vault: SecretVault
    quarantine: Quarantine
    transport: httpx.AsyncBaseTransport
    clock: Clock


class SimulatedWire(Wire):
    """The real one over a transport that is simulated."""

    def __init__(self, transport: httpx.AsyncBaseTransport, deadline: float) -> None:
        # Not the base's: it reads the machine's certificates, a tenth of a second for every instance that starts.
        self._base_url = _BASE_URL
        self._timeout = httpx.Timeout(deadline).as_dict()
        self._transport = transport


class _Tokens:
    """``shared.caselle.client.TokenSource`` over the kept tokens."""

    def __init__(self, keeper: TokenKeeper) -> None:
        self._keeper = keeper

    async def token(self, biller_id: str, *, fresh: bool = False) -> SecretStr | None:
        token = await self._keeper.current(biller_id, fresh=fresh)
        return token.value if token else None


class App:
    """The use cases that the Functions host calls, with memory of their own."""

    def __init__(self, ways: Ways, region: str) -> None:
        ledger, slots = Ledger(ways.table), LocalSlots(ways.clock, TIMES)
        self.gates = Gates(ways.table, ways.clock, TIMES)
        self.keeper = TokenKeeper(ways.vault, ways.token_rows, ways.clock)
        client = CaselleClient(SimulatedWire(ways.transport, TIMES.deadline), _Tokens(self.keeper), TIMES.deadline)
        desk = Desk(
            billers=CachedRegistry(ways.billers, ways.clock),
            ledger=ledger,
            send_once=SendOnce(ledger, self.gates, slots, ways.clock, TIMES),
            chain=Chain(ledger, slots),
            receipting=CaselleCashReceipting(client),
            quarantine=ways.quarantine,
            times=TIMES,
            regions=frozenset({region}),
        )
        self._post, self._drive, self._sweep = PostPayment(desk), DrivePayment(desk), Sweep(ledger, TIMES)
        self._clock = ways.clock

    async def handle(self, queue: str, body: bytes, message_id: str, deliveries: int) -> tuple[list[str], list[str]]:
        """What the function of a queue does with one message: results and steps, as they go into their queues."""
        match queue:
            case "payments":
                handled = await self._post.accept(body, message_id)
            case "due":
                handled = await self._drive.step(Due.model_validate_json(body), redelivered=deliveries > 1)
            case "payments-poison":
                handled = await self._post.shelve(body, message_id)
            case _:
                handled = await self._drive.give_up(body, message_id)
        results = [result.model_dump_json(by_alias=True) for result in handled.results]
        return results, [to_message(due) for due in handled.due]

    async def sweep(self) -> list[str]:
        """What the sweeper's timer does: steps, as they go into their queue."""
        return [to_message(due) for due in await self._sweep.run()]

    async def deliver_token(self, biller: str, token: str) -> bool:
        """What Caselle's callback does."""
        return await self.keeper.store(biller, delivery(token, self._clock))


def delivery(token: str, clock: Clock) -> Delivery:
    """A token as Caselle delivers it."""
    return Delivery(token=SecretStr(token), expires_at=clock.now() + _LIFETIME)
