"""What every command has in common: options anywhere, one sentence for every error, an audit of every change."""

import base64
import json
from datetime import timedelta

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken
from azure.storage.blob.aio import ContainerClient

from admin import actor
from admin.address import find, of_stack
from admin.audit import Audit, Change
from admin.audit_copies import CONTAINER, AuditCopies
from admin.errors import WrongUse
from admin.log_workspace import AppInsights
from admin.options import Options, to_the_front
from admin.own_events import told
from admin.stamp import opened
from shared.runtime.clock import SystemClock
from shared.runtime.settings import RELAY
from shared.vocabulary import events
from shared.vocabulary.errors import Misconfigured, Unavailable


class TestOptionsAnywhere:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            (["status", "--local"], ["--local", "status"]),
            (["biller", "show", "1", "--json", "--stamp", "a"], ["--json", "--stamp", "a", "biller", "show", "1"]),
            (["status", "--stamp=a", "-v"], ["--stamp=a", "status", "-v"]),
            (["status", "--", "--local"], ["status", "--", "--local"]),
            (["status", "--stamp"], ["--stamp", "status"]),
            ([], []),
        ],
    )
    def test_they_come_first(self, written, read):
        assert to_the_front(written) == read


class TestWhichStamp:
    def test_none_is_named(self, run):
        said = run("audit")
        assert (said.code, said.out) == (2, "")
        assert said.err == "Which stamp? Name one with --stamp, or use the stack on this machine with --local.\n"

    def test_no_stack_runs(self, run, tmp_path):
        said = run("audit", "--local", "--local-state", tmp_path)
        assert said.code == 2
        assert said.err.startswith("No stack runs here")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (None, "cannot be read: No such file"),
            ("[", "is not TOML"),
            ("", "does not name a stamp west; it names none."),
            ('["east"]\nregions=["e"]', "it names east."),
            ('["west"]\nregions=["w"]', "stamp west, storage_account: Field required."),
            (
                '["west"]\nstorage_account="stwest"\naudit_account="stauditwest"\nkey_vault="kv-west"\nregions=["w"]\nhost="w.example"\ntoken="x"',
                "stamp west, token: Extra inputs",
            ),
        ],
    )
    def test_a_profile_that_is_wrong(self, run, tmp_path, text, says):
        if text is not None:
            (tmp_path / "stamps.toml").write_text(text)
        said = run("audit", "--stamp", "west")
        assert said.code == 2
        assert says in said.err
        assert "Traceback" not in said.err

    def test_a_profile_gives_the_settings_of_the_stamp(self, tmp_path):
        path = tmp_path / "stamps.toml"
        path.write_text(
            '[west]\nstorage_account="stwest"\naudit_account="stauditwest"\nkey_vault="kv-west"\nregions=["westus2"]\nhost="w.example"'
        )
        found = find(Options(stamp="west", profiles=path))
        assert (found.settings.table_uri, found.settings.vault_url) == (
            "https://stwest.table.core.windows.net",
            "https://kv-west.vault.azure.net",
        )
        assert (found.settings.caselle_base_url, found.settings.regions) == (RELAY, {"westus2"})
        assert found.callback_url == "https://w.example/api/ICOAuthTokenProcessor"
        assert not found.local

    def test_nobody_signed_in(self, run, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("AZURE_TOKEN_CREDENTIALS", raising=False)
        text = '[west]\nstorage_account="stwest"\naudit_account="stauditwest"\nkey_vault="kv-west"\nregions=["westus2"]\nhost="w.example"'
        (tmp_path / "stamps.toml").write_text(text)
        said = run("audit", "--stamp", "west")
        assert (said.code, said.err) == (2, "You are not signed in to Azure: run `az login`, then this again.\n")


class TestWho:
    def test_the_token_says(self):
        claims = {"oid": "0d9e", "name": "Ada Byron", "upn": "ada@example.test"}
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        found = actor.of_token(f"e30.{body}.x")
        assert (found.object_id, found.name) == ("0d9e", "Ada Byron")

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.e30.c", "a.W10.c"])
    def test_a_token_that_does_not_say_is_refused(self, token):
        with pytest.raises(WrongUse, match="does not say who you are"):
            actor.of_token(token)


class Workspace:
    def __init__(self):
        self.told = []

    async def tell(self, event):
        self.told.append(event)


class TestLogWorkspace:
    """Against a small server that stands in for Application Insights' ingestion endpoint."""

    @pytest.fixture
    async def taken(self):
        self.requests, self.status = [], 200

        async def track(request):
            self.requests.append((request.headers["Authorization"], await request.json()))
            return web.json_response({}, status=self.status)

        app = web.Application()
        app.router.add_post("/v2.1/track", track)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
        await runner.cleanup()

    def workspace(self, url):
        connection = f"InstrumentationKey=0d9e;IngestionEndpoint={url};LiveEndpoint=https://x.test/"
        return AppInsights(connection, _Credential(), SystemClock())

    async def test_an_event_arrives_as_the_functions_events_do(self, taken):
        await self.workspace(taken).tell({"event": "admin.changed", "subject": "2493"})
        [(authorization, [envelope])] = self.requests
        assert authorization == "Bearer signed-in"
        assert (envelope["iKey"], envelope["data"]["baseType"]) == ("0d9e", "MessageData")
        assert json.loads(envelope["data"]["baseData"]["message"]) == {"event": "admin.changed", "subject": "2493"}

    async def test_a_refusal_or_no_answer_is_told(self, taken):
        self.status = 403
        with pytest.raises(Unavailable, match="http_403"):
            await self.workspace(taken).tell({})
        with pytest.raises(Unavailable, match="ConnectError"):
            await self.workspace("http://127.0.0.1:9/").tell({})

    def test_a_connection_string_without_its_parts(self):
        with pytest.raises(Misconfigured, match="has no IngestionEndpoint"):
            AppInsights("InstrumentationKey=x", _Credential(), SystemClock())

    async def test_events_of_a_command_go_there_and_not_to_the_terminal(self, capsys):
        workspace = Workspace()
        async with told(workspace):
            events.emit("token.renewal_supervised", events.WARNING, biller="2493")
        assert workspace.told == [{"event": "token.renewal_supervised", "biller": "2493"}]
        assert capsys.readouterr() == ("", "")


class _Credential:
    async def get_token(self, scope):
        assert scope == "https://monitor.azure.com/.default"
        return AccessToken("signed-in", 0)


class Copies:
    """Copies that nobody looks at."""

    async def keep(self, name, text):
        pass


class TestAudit:
    @pytest.fixture
    async def stamp(self, stack, state):
        assert stack.functions_url
        async with opened(of_stack(state / "stack.json")) as found:
            yield found

    async def test_a_change_is_recorded_and_told(self, stamp, bid):
        workspace = Workspace()
        audit = Audit(stamp.stores.table("audit"), Copies(), actor.LOCAL, workspace, stamp.clock)
        async with audit.change("biller.set", bid, why="asked", before={"name": "a"}, after={"name": "b"}):
            pass
        [row] = await self.rows(stamp, bid)
        assert (row.who, row.what, row.why, row.outcome) == (actor.LOCAL, "biller.set", "asked", "begun")
        assert (row.before, row.after) == ({"name": "a"}, {"name": "b"})
        told = {"event": "admin.changed", "by": "local", "what": "biller.set", "subject": bid, "why": "asked"}
        assert workspace.told == [told | {"fields": ["name"]}]

    async def test_a_change_that_failed_says_so(self, stamp, bid):
        with pytest.raises(KeyError):
            async with stamp.audit.change("biller.set", bid):
                raise KeyError
        assert [row.outcome for row in await self.rows(stamp, bid)] == ["begun", "failed"]

    async def test_each_row_has_a_copy_under_a_name_of_its_own(self, stamp, stack, bid):
        async with stamp.audit.change("biller.set", bid, why="asked"):
            pass
        [row] = await self.rows(stamp, bid)
        async with ContainerClient.from_connection_string(stack.storage, CONTAINER) as container:
            names = [name async for name in container.list_blob_names(name_starts_with=f"{row.at.date()}/")]
            texts = [await (await container.download_blob(name)).readall() for name in names]
        assert [each for each in map(Change.model_validate_json, texts) if each.subject == bid] == [row]

    async def test_a_copy_is_never_written_over(self, stack, bid):
        async with ContainerClient.from_connection_string(stack.storage, CONTAINER) as container:
            for text in ("first", "second"):
                await AuditCopies(container).keep(bid, text)
            assert await (await container.download_blob(f"{bid}.json")).readall() == b"first"

    async def test_nothing_is_changed_where_no_copy_can_be_kept(self, stamp, stack, bid):
        async with ContainerClient.from_connection_string(stack.storage, "nowhere") as container:
            audit = Audit(stamp.stores.table("audit"), AuditCopies(container), actor.LOCAL, None, stamp.clock)
            with pytest.raises(Unavailable, match="container audit"):
                async with audit.change("biller.set", bid):
                    pytest.fail("the change was made")
        assert await self.rows(stamp, bid) == []

    def test_it_is_shown(self, icadmin, bid):
        said = icadmin("audit", bid, "--json")
        assert (said.code, said.json) == (0, [])

    async def rows(self, stamp, subject):
        now = stamp.clock.now()
        found = stamp.audit.since(now - timedelta(days=1), now + timedelta(seconds=1))
        return [row async for row in found if row.subject == subject]
