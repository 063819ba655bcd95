"""One instance's ways to the shared stores, with the catalogue's faults of stores, vault and clocks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from shared.azure_stores.server_time import ServerTime
from shared.billers.model import Biller
from shared.exchange.quarantine import Quarantined
from shared.ledger.store import Change, Delete, Insert, Row, RowChanged, RowExists, Values
from shared.tokens.delivery import Delivery
from shared.tokens.endpoint import Client
from shared.tokens.row import TokenRow
from shared.vocabulary.errors import Unavailable
from tests.faults.habit import HOUR

if TYPE_CHECKING:
    from tests.faults.instance import Instance

_LIFETIME: Final = timedelta(days=182)
_SDK_PATIENCE: Final = 12.0
"""Seconds until the SDK gives a store up."""


class TableWay:
    """``shared.ledger.store.LedgerStore``: the shared table as one instance reaches it."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._world = instance.world
        self._table = instance.stamp.table
        self._time = ServerTime(instance.clock)

    def now(self) -> datetime:
        """As the product learns it from the service's answers, by the instance's own clock, which may have stepped."""
        return self._time.now()

    async def commit(self, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        table, first = self._table, changes[0]
        if _leads_to(first) == "posted" and not self._world.anybody_frozen() and self._world.weather.strikes("K5"):
            self._instance.freeze(self._world.latency.uniform(0.5, 3) * HOUR)
        etags = await self._call(
            f"commit {_told(first)}", lambda: table.commit(shard, changes), *_points(changes), writing=first
        )
        if _leads_to(first) == "sending":
            self._instance.has_claimed()
            if self._world.weather.strikes("K3"):
                self._instance.freeze()
                await self._instance.wait(0)
        return etags

    async def read(self, shard: str, key: str) -> Row | None:
        return await self._call(f"read {key}", lambda: self._table.read(shard, key))

    async def scan(
        self,
        shard: str,
        start: str,
        end: str,
        *,
        limit: int,
        only: Values | None = None,
        skip: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> list[Row]:
        if shard not in self._table.shards and not self._world.weather.blows("S4"):
            return []  # most shards are empty: the answer is the same, and costs no virtual time

        async def scan() -> list[Row]:
            return await self._table.scan(shard, start, end, limit=limit, only=only, skip=skip, fields=fields)

        return await self._call(f"scan {shard} {start[:2]}", scan)

    async def _call[T](
        self, what: str, deed: Callable[[], Awaitable[T]], *points: str, writing: Change | None = None
    ) -> T:
        await self._may_fail()
        result = await self._instance.call(what, deed, *points)
        if "K1" in self._world.plan.faults:
            self._learn()
        if writing is not None:
            self._may_lose_answer(writing)
        return result

    def _learn(self) -> None:
        """Every answer of the service carries its time; the instance's own may step at any moment after that."""
        headers = {"Date": format_datetime(self._world.clock.now(), usegmt=True)}
        self._time.learn(SimpleNamespace(http_response=SimpleNamespace(headers=headers)))
        if self._world.weather.strikes("K1"):
            self._instance.clock_error = self._world.another_clock_error()

    async def _may_fail(self) -> None:
        weather = self._world.weather
        if weather.strikes("S4") or self._world.table_away():
            await self._instance.wait(_SDK_PATIENCE if weather.toss() else 0.1)
            raise Unavailable("the table does not answer")
        if weather.blows("S7"):
            await self._instance.wait(self._world.latency.uniform(0, 10))
            if weather.strikes("S7"):
                raise Unavailable("the table is busy")

    def _may_lose_answer(self, first: Change) -> None:
        """The write has happened; the SDK tried again and met itself, or gave up."""
        weather, inserts = self._world.weather, isinstance(first, Insert)
        if weather.strikes("S3") or (weather.strikes("S1") if inserts else weather.strikes("S2")):
            self._world.note(self._instance.name, f"answer lost {_told(first)}")
            if weather.toss():
                raise Unavailable("the table's answer was lost")
            raise RowExists(first.key) if inserts else RowChanged(first.key)


class BillersWay:
    """``shared.billers.registry.BillerRegistry``."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance

    async def get(self, biller_id: str) -> Biller | None:
        return await self._instance.call(f"biller {biller_id}", lambda: self._instance.stamp.billers.get(biller_id))

    async def latest(self, biller_id: str) -> Biller | None:
        return await self.get(biller_id)

    async def all(self) -> list[Biller]:
        return await self._instance.stamp.billers.all()


class QuarantineWay:
    """``shared.exchange.quarantine.Quarantine``."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance

    async def keep(self, item: Quarantined) -> None:
        if self._instance.world.weather.strikes("S4"):
            raise Unavailable("the table does not answer")
        quarantine = self._instance.world.quarantine
        await self._instance.call(f"quarantine {item.message_id}", lambda: quarantine.keep(item), "X2")


class TokenRowsWay:
    """``shared.tokens.row.TokenRows``."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._world = instance.world

    async def read(self, biller_id: str) -> TokenRow | None:
        if self._world.weather.strikes("S4"):
            raise Unavailable("the table does not answer")
        return await self._instance.call("read token", lambda: self._world.token_rows.read(biller_id), "X4")

    async def write(self, row: TokenRow, replaces: TokenRow | None) -> bool:
        written = await self._instance.call("write token", lambda: self._world.token_rows.write(row, replaces))
        if self._world.weather.strikes("V3") and self._world.weather.toss():
            raise Unavailable("the table's answer was lost")
        return written

    async def due(self, now: datetime, most: int) -> list[str]:
        return await self._instance.call("tokens due", lambda: self._world.token_rows.due(now, most))


class VaultWay:
    """``shared.tokens.vault.SecretVault``."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._world = instance.world

    async def get(self, name: str, version: str | None = None) -> SecretStr | None:
        await self._may_fail()
        if self._world.weather.blows("V2"):
            return None  # soft-deleted
        return await self._instance.call("read vault", lambda: self._world.vault.get(name, version), "X4")

    async def set(self, name: str, value: SecretStr, expires_on: datetime | None = None) -> str:
        await self._may_fail()
        return await self._instance.call("write vault", lambda: self._world.vault.set(name, value, expires_on))

    async def _may_fail(self) -> None:
        if self._world.weather.strikes("V1"):
            await self._instance.wait(_SDK_PATIENCE if self._world.weather.toss() else 0)
            raise Unavailable("the vault does not answer")


class TokenEndpointWay:
    """``shared.tokens.endpoint.TokenEndpoint``: grants what the client's city accepts from then on."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._world = instance.world

    async def refresh(self, client: Client, refresh_token: SecretStr) -> Delivery:
        raise AssertionError("no biller here renews so")

    async def client_credentials(self, client: Client) -> Delivery:
        biller = client.client_id.removeprefix("client-")

        async def grant() -> Delivery:
            self._world.auditor.renewing(biller, 1)
            try:
                # The endpoint's own time: it passes also while the instance stands still.
                await asyncio.sleep(self._world.latency.uniform(0.1, 3))
                token = self._world.another_token(self._world.cities[f"city{biller}"])
                return Delivery(token=SecretStr(token), expires_at=self._world.clock.now() + _LIFETIME)
            finally:
                self._world.auditor.renewing(biller, -1)

        granted = await self._instance.call(f"renew token of {biller}", grant)
        if self._world.weather.strikes("V3"):
            raise Unavailable("the token endpoint's answer was lost")
        return granted


def _points(changes: Sequence[Change]) -> list[str]:
    """Which crash points a transaction is."""
    first = changes[0]
    state = _leads_to(first)
    points = ["X2"] if isinstance(first, Insert) and state else []
    points += {"sending": ["X5"], "posted": ["X10"]}.get(state, [])
    return points + ["X11"] * any(isinstance(change, Delete) and change.key.startswith("O~") for change in changes)


def _leads_to(change: Change) -> str:
    return str(change.values.get("state", "")) if not isinstance(change, Delete) and change.key[0] == "P" else ""


def _told(change: Change) -> str:
    return f"{change.key} {_leads_to(change)}"
