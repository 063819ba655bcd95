"""What one run of the timer ``sweep_tokens`` reads, by the number of billers, counted in the answers of Azurite."""

import asyncio
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from azure.core.pipeline import PipelineResponse
from azure.data.tables.aio import TableClient
from pydantic import SecretStr

from bench.figures import Figure, Figures, Goal
from local.azurite import Azurite
from shared.azure_stores.table_tokens import TableTokens, operations
from shared.runtime.clock import SystemClock
from shared.tokens.delivery import Delivery
from shared.tokens.look import SweepTokens
from shared.tokens.row import TokenRow, candidate, serving

DUE: Final = 5
"""Billers whose token is due; that of all others is in months."""
BILLERS: Final = (10, 100, 1_000, 10_000)
_BATCH: Final = 50


@dataclass
class Count:
    """Requests made of the table, and the rows and bytes that came back."""

    requests: int = 0
    rows: int = 0
    bytes: int = 0

    def take(self, response: PipelineResponse[Any, Any]) -> None:
        """Count one answer."""
        body = response.http_response.body()
        self.requests, self.rows, self.bytes = (
            self.requests + 1,
            self.rows + body.count(b'"RowKey"'),
            self.bytes + len(body),
        )


def run() -> Figures:
    """What a run reads, by the number of billers."""
    with tempfile.TemporaryDirectory() as folder, Azurite(Path(folder)) as azurite:
        found = asyncio.run(counts(azurite.connection_string, BILLERS))
    return {name: figure for billers, count in found.items() for name, figure in _figures(billers, count)}


def _figures(billers: int, count: Count) -> Iterator[tuple[str, Figure]]:
    one = Goal(of="value", sign="<=", limit=1)
    yield f"token_sweep.{billers}.requests", Figure(value=count.requests, unit="requests", goal=one)
    yield f"token_sweep.{billers}.rows", Figure(value=count.rows, unit="rows")
    yield f"token_sweep.{billers}.bytes", Figure(value=count.bytes, unit="bytes")


async def counts(connection: str, billers: tuple[int, ...]) -> dict[int, Count]:
    """One run for each number of billers, smallest first; each finds the same five that are due.

    Raises:
        AssertionError: it finds others.
    """
    found, filled, now = {}, 0, SystemClock().now()
    name = f"t{uuid.uuid4().hex}"
    async with TableClient.from_connection_string(connection, name) as table:
        await table.create_table()
        for number in billers:
            await _fill(table, filled + 1, number, now)
            filled, found[number] = number, Count()
            async with TableClient.from_connection_string(
                connection, name, raw_response_hook=found[number].take
            ) as counted:
                due = await SweepTokens(TableTokens(counted), SystemClock())()
            assert [each.biller_id for each in due] == [str(number) for number in range(1, DUE + 1)]  # noqa: S101
    return found


async def _fill(table: TableClient, first: int, last: int, now: datetime) -> None:
    for start in range(first, last + 1, _BATCH):
        rows = [_row(number, now) for number in range(start, min(start + _BATCH, last + 1))]
        await table.submit_transaction([each for row in rows for each in operations(row, None)])


def _row(number: int, now: datetime) -> TokenRow:
    delivery = Delivery(token=SecretStr(f"token {number}"), expires_at=now + timedelta(days=182))
    row = serving(None, str(number), candidate(delivery, "0" * 32, now), now)
    return row.model_copy(update={"due_at": now - timedelta(minutes=1)}) if number <= DUE else row
