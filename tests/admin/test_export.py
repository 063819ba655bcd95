"""What a lost region takes along: kept in the audit's container by a command, read back by another."""

import asyncio
import json

import pytest

from admin import export
from admin.address import of_stack
from admin.own_events import told
from admin.stamp import opened
from shared.billers.model import Biller
from tests.payments.world import NEWPORT

SECRETS = ("clientSecret", "client_secret", "token")


@pytest.fixture
def exported(icadmin, state, bid):
    """One biller more, exported; gives the blobs by their last name."""
    address = of_stack(state / "stack.json")

    async def put():
        async with opened(address) as stamp:
            await stamp.billers.put(Biller.model_validate(NEWPORT | {"billerId": bid}))

    async def read(folder):
        async with opened(address) as stamp:
            names = [each async for each in stamp.copies._blobs.list_blob_names(name_starts_with=f"{folder}/")]
            blobs = {each: await (await stamp.copies._blobs.download_blob(each)).readall() for each in names}
            return {name.rpartition("/")[2]: blob.decode() for name, blob in blobs.items()}

    asyncio.run(put())
    said = icadmin("export", "--json")
    assert said.code == 0, said.err
    return said.json["folder"], asyncio.run(read(said.json["folder"]))


def test_billers_can_be_imported_from_it(icadmin, exported, bid, tmp_path):
    _, blobs = exported
    [mine] = [each for each in json.loads(blobs["billers.json"]) if each["billerId"] == bid]
    file = tmp_path / "billers.json"
    # Another id, since this stack has the biller still.
    file.write_text(json.dumps([mine | {"billerId": f"8{bid[1:]}", "subdomain": f"s{bid}"}]), encoding="utf-8")
    assert icadmin("biller", "import", file, "--yes").code == 0
    assert icadmin("biller", "show", f"8{bid[1:]}", "--json").json["name"] == mine["name"]


def test_it_holds_digests_and_no_key(stack, exported):
    _, blobs = exported
    assert list(blobs) == ["billers.json", "callback-keys.json", "standing.json"]
    rows = json.loads(blobs["callback-keys.json"])
    assert {len(each["digest"]) for each in rows} == {64}
    keys = [url.partition("BK=")[2] for url in stack.callback_urls.values()]
    assert keys
    assert not any(key in text for key in keys for text in blobs.values())
    assert not any(f'"{name}"' in text for name in SECRETS for text in blobs.values())


def test_it_is_in_the_audit(icadmin, exported):
    folder, _ = exported
    mine = [each for each in icadmin("audit", "--json").json if each["what"] == export.CHANGE]
    assert folder in {each["after"]["folder"] for each in mine}


def test_it_ends_with_the_event_whose_absence_is_an_alert(stack, state):
    class Workspace:
        def __init__(self):
            self.told = []

        async def tell(self, event):
            self.told.append(event)

    workspace = Workspace()

    async def exported():
        async with opened(of_stack(state / "stack.json")) as stamp, told(workspace):
            return await export.kept(stamp)

    assert stack.functions_url
    folder = asyncio.run(exported())
    [event] = [each for each in workspace.told if each["event"] == "export.completed"]
    assert (event["stamp"], event["folder"], event["billers"] > 0) == ("local", folder, True)


def test_at_no_stamp(run):
    said = run("export")
    assert (said.code, said.err.partition("?")[0]) == (2, "Which stamp")
