"""The console on the real stores: how many requests its first page makes, and where a look is kept."""

import contextlib
import uuid
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import batched

import pytest
from azure.data.tables.aio import TableServiceClient

from admin import actor
from admin.audit import Audit
from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_billers import TableBillers
from shared.azure_stores.table_ledger import TableLedger
from shared.azure_stores.table_tokens import TableTokens
from shared.azure_stores.table_views import TableViews
from shared.billers.model import Biller
from shared.console.access import Person
from shared.console.console import Console
from shared.console.views import Recorder
from shared.ledger import rows
from shared.ledger.entry import Key, Kind
from shared.ledger.store import Insert
from shared.runtime.clock import SystemClock
from shared.tokens.row import TokenRow
from tests.console.page import Page
from tests.fakes.clock import StoppedClock
from tests.payments.world import NEWPORT

ADA = Person("ada-id", "Ada Byron", frozenset({"reader"}))
KINDS = ("billers", "tokens", "ledger", "audit")
MOST_IN_A_TRANSACTION = 100


class Counted:
    """Every request that the SDK sends, by the table it goes to."""

    def __init__(self, names):
        self.names = {name: kind for kind, name in names.items()}
        self.requests = Counter()

    def __call__(self, response):
        path = response.http_request.url.partition("?")[0].rpartition("/")[2].partition("(")[0]
        self.requests[f"{response.http_request.method} {self.names.get(path, path)}"] += 1


@pytest.fixture
async def stamp(azurite):
    """Tables of the test's own, and a console over them that counts."""
    names = {kind: f"{kind}{uuid.uuid4().hex}" for kind in KINDS}
    counted = Counted(names)
    async with contextlib.AsyncExitStack() as stack:
        service = TableServiceClient.from_connection_string(azurite.connection_string, raw_response_hook=counted)
        await stack.enter_async_context(service)
        tables = {kind: await service.create_table(name) for kind, name in names.items()}
        yield _Stamp(tables, counted)


class _Copies:
    async def keep(self, name, text):
        pass


class _Stamp:
    def __init__(self, tables, counted):
        self.tables, self.counted, clock = tables, counted, SystemClock()
        # No midnight shall come between what is posted and the look.
        self.now = datetime.now(UTC)
        self.ledger = TableLedger(tables["ledger"], ServerTime(StoppedClock(self.now)))
        registry, token_rows = TableBillers(tables["billers"]), TableTokens(tables["tokens"])
        recorder = Recorder(TableViews(tables["audit"], clock))
        self.console = Console(self.ledger, registry, token_rows, recorder)

    async def billers(self, first, last):
        """Each with a token, a payment that was posted now, and one that is held."""
        shards = defaultdict(list)
        for some in batched(map(str, range(first, last)), MOST_IN_A_TRANSACTION, strict=False):
            await self.tables["billers"].submit_transaction([("create", _record(id_)) for id_ in some])
            await self.tables["tokens"].submit_transaction([("create", _token(id_, self.now)) for id_ in some])
            for id_ in some:
                shards[rows.shard_of(id_)] += _payments(id_, self.now)
        for shard, inserts in shards.items():
            for some in batched(inserts, MOST_IN_A_TRANSACTION, strict=False):
                await self.ledger.commit(shard, list(some))

    async def look(self):
        """The first page, and what it asked for."""
        self.counted.requests.clear()
        page = Page(await self.console.stamp(ADA))
        return page, Counter(self.counted.requests)


def _record(biller_id):
    biller = Biller.model_validate(NEWPORT | {"billerId": biller_id, "name": f"City {biller_id}"})
    return {"PartitionKey": "billers", "RowKey": biller_id, "biller": biller.model_dump_json(by_alias=True)}


def _token(biller_id, now):
    fields = {"biller_id": biller_id, "generation": 1, "since": now, "expires_at": now + timedelta(days=90)}
    row = TokenRow(**fields, version="v", fingerprint="f")
    return {"PartitionKey": "tokens", "RowKey": f"T~{biller_id}", "token": row.model_dump_json()}


def _payments(biller_id, now):
    posted, held = Key(biller_id, Kind.PAYMENT, "posted"), Key(biller_id, Kind.PAYMENT, "held")
    listed = {"biller": biller_id, "kind": "payment", "cents": 12540}
    return [
        Insert(rows.posted_key(now, posted), listed | {"id": "posted"}),
        Insert(rows.held_key(now, held), listed | {"id": "held", "reason": "no_allocations"}),
    ]


async def test_the_first_page_of_a_thousand_billers_makes_as_many_requests_as_that_of_one(stamp):
    await stamp.billers(1, 2)
    page, of_one = await stamp.look()
    assert len(page.tables["billers"]) == 1
    assert of_one == {"POST audit": 1, "GET billers": 1, "GET tokens": 1, "GET ledger": 4 * 32}
    await stamp.billers(2, 1001)
    page, of_thousand = await stamp.look()
    assert of_thousand == of_one
    assert len(page.tables["billers"]) == 1000
    assert (page.ids["posted-today"], page.ids["posted-amount"], page.ids["held"]) == ("1,000", "125,400.00", "1,000")


async def test_a_look_stands_in_the_audit_beside_what_admins_changed(stamp):
    audit = Audit(stamp.tables["audit"], _Copies(), actor.LOCAL, None, SystemClock())
    async with audit.change("biller.pause", "2493", why="year end"):
        pass
    await stamp.console.biller(ADA, "2493", None)
    now = datetime.now(UTC)
    kept = [change async for change in audit.since(now - timedelta(minutes=5), now + timedelta(minutes=5))]
    assert [(each.what, each.who.name, each.subject, each.outcome) for each in kept] == [
        ("biller.pause", actor.LOCAL.name, "2493", "begun"),
        ("console.view", "Ada Byron", "2493", "seen"),
    ]
    assert kept[1].who.object_id == "ada-id"
