"""The demo: a payments file travels the whole way, and what arrived is compared in three places."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from azure.storage.queue.aio import QueueServiceClient
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from local.after import After, Part
from local.customer_updates import send_updates
from local.open_items import BeforeAndAfter, Portal, choose
from local.processes import NotReady
from local.rejects import send_rejects
from local.report import Findings
from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.stack_app import stack_app
from local.tables import sentences, tables
from local.traffic import Traffic
from shared.ledger import rows
from shared.ledger.entry import Entry

PATIENCE = 300
"""Seconds without any event after which a demo gives up."""

_MOST_ROWS = 10_000_000
_WIDE = 140


def run_demo(stack: Stack, lines: Sequence[str], report: Path | None, rejects: Sequence[str] = ()) -> bool:
    """Send the lines through a running stack, then rejects and customer updates, and show what became of them.

    Returns:
        Whether ledger, results and peer agree; False also when a part of the stack ended meanwhile.
    """
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    try:
        findings, after = asyncio.run(_run(stack, lines, rejects, console))
    except NotReady as ended:
        console.print(str(ended), markup=False, soft_wrap=True)
        return False
    for table in (*tables(findings), *after.tables()):
        console.print(table)
    if report is not None:
        report.write_text(json.dumps(findings.report() | {"after": after.report()}, indent=1) + "\n")
    return _conclude([*findings.disagreements, *after.disagreements], findings, console)


async def read_ledger(storage: str) -> list[Entry]:
    """Every entry of the ledger, whatever its state."""
    async with stack_app(storage) as app:
        pages = [await app.stores.ledger.scan(shard, "P~", f"P~{rows.END}", limit=_MOST_ROWS) for shard in rows.SHARDS]
    return [rows.entry_of(row) for page in pages for row in page]


async def _run(stack: Stack, lines: Sequence[str], rejects: Sequence[str], console: Console) -> tuple[Findings, After]:
    portal, customers = Portal(stack.functions_url, stack.function_key), choose(lines, stack.billers)
    before = await portal.ask(customers)
    findings = await _findings(stack, lines, console)
    items = BeforeAndAfter(before, await portal.ask(customers), findings.entries)
    return findings, After({"openItems": items} | await _afterwards(stack, lines, rejects))


async def _afterwards(stack: Stack, lines: Sequence[str], rejects: Sequence[str]) -> dict[str, Part]:
    """What is sent when the payments are done."""
    parts: dict[str, Part] = {"rejects": await send_rejects(stack, rejects, PATIENCE)} if rejects else {}
    return parts | {"customerUpdates": await send_updates(stack, lines, PATIENCE)}


async def _findings(stack: Stack, lines: Sequence[str], console: Console) -> Findings:
    began = time.monotonic()
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        traffic = Traffic(queues, lines)
        await _watch(traffic, stack, console, len(lines))
    seconds = time.monotonic() - began
    async with SimulatorControl(stack.control_url) as control:
        return Findings(
            counts=traffic.counts(),
            unsettled=traffic.unsettled(),
            results=list(traffic.results.values()),
            entries=await read_ledger(stack.storage),
            receipts=await control.receipts(),
            summary=await control.summary(),
            seconds=seconds,
        )


async def _watch(traffic: Traffic, stack: Stack, console: Console, total: int) -> None:
    """Send and collect side by side, with a bar."""
    columns = (TextColumn("settled"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[counts]}"), console=console) as progress:
        task = progress.add_task("settled", total=total, counts="")

        sending = asyncio.create_task(traffic.enqueue())

        def look() -> None:
            stack.check()
            if sending.done():
                sending.result()
            _show(traffic, progress, task)

        if not await traffic.collect(PATIENCE, look):
            console.print(f"Nothing happened for {PATIENCE} seconds.")
        sending.cancel()


def _show(traffic: Traffic, progress: Progress, task: TaskID) -> None:
    counts = traffic.counts()
    words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    progress.update(task, completed=counts.total(), counts=words)


def _conclude(disagreements: Sequence[str], findings: Findings, console: Console) -> bool:
    if not disagreements:
        posted = sum(total["count"] for tenders in findings.posted.values() for total in tenders.values())
        console.print(f"Ledger, results and peer agree: {posted} payments posted, none twice.", style="green")
        return True
    console.print("Ledger, results and peer do not agree:", style="red")
    for sentence in sentences(disagreements):
        console.print(sentence, markup=False, soft_wrap=True)
    return False
