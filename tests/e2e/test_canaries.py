"""A canary in every slot that holds something secret or personal, and a search of all that a whole run wrote."""

import asyncio
import json
import secrets
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from azure.data.tables.aio import TableServiceClient
from azure.storage.queue.aio import QueueServiceClient
from pydantic import SecretStr

from local.services import FunctionsHost
from local.simulator.client import SimulatorControl
from local.stack import CALLBACK_ROUTE, Stack
from local.stack_setup import TABLES, add_callback_key, keep_client_secrets
from local.traffic import Traffic
from shared.azure_stores.table_authorizations import TableAuthorizations
from shared.billers.model import Biller
from shared.runtime.clock import SystemClock
from shared.tokens.authorize import ExchangeCode
from tests.payments.world import NEWPORT, message, reversal

pytestmark = pytest.mark.timeout(300)

CITY = Biller.model_validate(NEWPORT | {"clientId": "client-of-newport", "tokenStrategy": "client_credentials"})
PERSONAL = ("payer name", "email")
SECRET = (
    "key",
    "wrong key",
    "token in JSON",
    "token in a form",
    "token in the query",
    "refused token",
    "delivered ClientSecret",
    "kept ClientSecret",
    "refresh token",
    "code",
    "state",
    "begun state",
    "function key",
    "wrong function key",
    "text of an error",
    "parameter in an error of ours",
)
FAILING = Path(__file__).with_name("apps") / "failing"


class Run:
    """One run of the stack: what was planted, and everything that came out of it."""

    def __init__(self, stack):
        self.stack = stack
        self.canaries = {name: f"Canary{secrets.token_urlsafe(24)}" for name in (*SECRET, *PERSONAL)}
        self.answers: list[str] = []
        self.outcomes: list[str] = []
        self.results: list[str] = []

    def __getitem__(self, name: str) -> str:
        return self.canaries[name]

    async def everything(self) -> None:
        await self._set_up()
        async with httpx.AsyncClient(base_url=self.stack.functions_url, trust_env=False, timeout=60) as http:
            http.event_hooks["response"] = [self._note]
            await self._deliver(http)
            await self._exchange(http)
            await self._ask(http)
            await self._with_a_failing_vault(http)
        async with SimulatorControl(self.stack.control_url) as control:
            assert await control.deliver_token("newportor") == HTTPStatus.OK  # one to post with
        await self._post()
        self.failed = await asyncio.to_thread(self._fail)

    def _fail(self) -> list[tuple[int, str]]:
        """What callers get of functions that raise what nobody catches; the host itself writes that down."""
        told = {"SECRET_TEXT": self["text of an error"], "SECRET_PARAMETER": self["parameter in an error of ours"]}
        log = self.stack._folder.logs / "failing-host.log"
        with FunctionsHost(
            FAILING, storage=self.stack.storage, log=log, settings=self.stack._settings() | told
        ) as host:
            key = {"x-functions-key": host.keys.function}
            with httpx.Client(base_url=host.url, headers=key, trust_env=False, timeout=60) as http:
                paths = ("payments/x", "customers/x/open-items")
                answers = [http.get(f"/api/billers/{CITY.biller_id}/{path}") for path in paths]
        return [(answer.status_code, answer.text) for answer in answers]

    async def _set_up(self) -> None:
        stack = self.stack
        await add_callback_key(stack.storage, stack.vault, CITY.biller_id, SecretStr(self["key"]))
        await keep_client_secrets(stack.storage, stack.vault, {CITY.biller_id: SecretStr(self["kept ClientSecret"])})
        await asyncio.to_thread(_restart, stack)

    async def _note(self, answer: httpx.Response) -> None:
        await answer.aread()
        self.answers.append(f"{answer.status_code} {answer.headers} {answer.text}")

    async def _deliver(self, http: httpx.AsyncClient) -> None:
        url, key = f"/{CALLBACK_ROUTE}", {"BK": self["key"]}
        credentials = {"client_secret": self["delivered ClientSecret"], "refresh_token": self["refresh token"]}
        refused = {"access_token": self["refused token"], "expires_in": "0"} | credentials
        await http.post(url, params=key, json={"access_token": self["token in JSON"]} | credentials)
        await http.post(url, params=key, data={"token": self["token in a form"], "expires_in": "86400"})
        await http.get(url, params=key | {"OAuthToken": self["token in the query"]})
        await http.post(url, params=key, json=refused)
        await http.post(url, params=key, content=json.dumps(refused).encode()[:-1], headers=_JSON)
        await http.post(url, params=key, content=json.dumps(refused).encode())
        await http.post(url, params={"BK": self["wrong key"]}, json=refused)
        await http.post(url, params=[("BK", self["key"]), ("bk", self["key"])], json=refused)

    async def _exchange(self, http: httpx.AsyncClient) -> None:
        url, key = f"/{CALLBACK_ROUTE}", {"BK": self["key"]}
        await http.get(url, params=key | {"code": self["code"], "state": self["state"]})
        await http.get(url, params=key | {"error": self["code"], "error_description": self["state"]})
        self.canaries["begun state"] = await _begin(self.stack)
        await http.get(url, params=key | {"code": self["code"], "state": self["begun state"]})

    async def _ask(self, http: httpx.AsyncClient) -> None:
        self.canaries["function key"] = self.stack._host_keys.function
        url = f"/api/billers/{CITY.biller_id}/payments/absent"
        for key in (self["function key"], self["wrong function key"]):
            await http.get(url, params={"code": key})
            await http.get(url, headers={"x-functions-key": key})

    async def _with_a_failing_vault(self, http: httpx.AsyncClient) -> None:
        vault = self.stack.vault
        trusted = ssl.create_default_context(cafile=vault.ca_file)
        async with httpx.AsyncClient(verify=trusted, trust_env=False, timeout=30) as control:
            for times in (100, 0):
                headers, fault = {"X-IDENTITY-HEADER": vault.identity_header}, {"status": 403, "times": times}
                await control.post(f"{vault.url}/_control/faults", json=fault, headers=headers)
                if times:
                    token = {"access_token": self["refused token"]}
                    await http.post(f"/{CALLBACK_ROUTE}", params={"BK": self["key"]}, json=token)

    async def _post(self) -> None:
        person = {"payerName": self["payer name"], "email": self["email"]}
        paid = message(**person)
        lines = [
            paid,
            paid | {"amount": "99.99", "allocations": None},
            message(**person, tender="CHEQUE"),
            message(**person, amount="-1"),
            message(payerName={"first": self["payer name"]}, email=[self["email"]]),
            message(**person, billerId="999"),
            message(**person) | {"paidAt": self["payer name"]},
            {self["email"]: self["payer name"]},
            self["payer name"],
        ]
        async with QueueServiceClient.from_connection_string(self.stack.storage) as queues:
            await self._settle(queues, [json.dumps(paid)])  # first, or it would be the other one's conflict
            await self._settle(queues, [*map(json.dumps, lines), f"{{{self['email']}"])
            voided = json.dumps(reversal(paid, reason=self["payer name"]))
            await queues.get_queue_client("reversals").send_message(voided)
            self.results.append(await _next_result(queues))
        self.outcomes = [json.loads(text)["outcome"] for text in self.results]

    async def _settle(self, queues: QueueServiceClient, lines: list[str]) -> None:
        traffic = Traffic(queues, lines)
        await traffic.enqueue()
        assert await traffic.collect(patience=60, each_time=lambda: None), traffic.unsettled()
        self.results += [result.model_dump_json() for result in traffic.results.values()]

    async def tables(self) -> dict[str, str]:
        """Every row as text, by where it stands; the messages of state rows by themselves."""
        found = {}
        async with TableServiceClient.from_connection_string(self.stack.storage) as service:
            for table in TABLES:
                async for entity in service.get_table_client(table).list_entities():
                    place = f"{table} {entity['PartitionKey']} {entity['RowKey']}"
                    kept = entity.pop("message", b"") if entity["RowKey"].startswith("P~") else b""
                    found[place] = f"{dict(entity)} {place}"
                    found[f"message of {place}"] = bytes(kept).decode()
        return found

    def files(self) -> Iterator[tuple[str, str]]:
        """What the parts wrote to disk, the stores' own files and ``stack.json`` apart."""
        state = self.stack._folder.path
        private = {state / "vault/secrets.json", state / "stack.json"}
        for path in state.rglob("*"):
            if path.is_file() and path not in private and "azurite/data" not in str(path):
                yield str(path.relative_to(state)), path.read_bytes().decode(errors="replace")

    def vault_values(self) -> list[str]:
        """Tokens, secrets and the pepper, as the vault keeps them."""
        kept = json.loads((self.stack._folder.path / "vault/secrets.json").read_text())
        return [version["value"] for secret in kept.values() for version in secret["versions"]]


_JSON = {"Content-Type": "application/json"}


def _restart(stack):
    stack.kill_host()
    stack.start_host()


async def _begin(stack):
    async with TableServiceClient.from_connection_string(stack.storage) as tables:
        store = TableAuthorizations(tables.get_table_client("authorizations"))
        state = await ExchangeCode(store, None, None, SystemClock()).begin(CITY.biller_id)
    return state.get_secret_value()


async def _next_result(queues):
    client = queues.get_queue_client("posting-results")
    async with asyncio.timeout(60):
        while True:
            async for found in client.receive_messages():
                return found.content
            await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("canaries") / "state", [CITY], [json.dumps(message())]) as stack:
        run = Run(stack)
        asyncio.run(run.everything())
        run.rows = asyncio.run(run.tables())
        yield run


def _sung(run, names, texts):
    """Where which canary was found."""
    return [(name, place) for place, text in texts for name in names if run[name] in text]


def test_every_canary_was_on_its_way(run):
    """Or none could be found anywhere."""
    kept = run.vault_values()
    for name in ("token in JSON", "token in a form", "token in the query", "kept ClientSecret"):
        assert run[name] in kept, name
    messages = "".join(text for place, text in run.rows.items() if place.startswith("message of"))
    assert run["payer name"] in messages
    statuses = [int(answer[:3]) for answer in run.answers]
    assert [statuses.count(status) for status in (200, 400, 415, 503)] == [3, 5, 1, 1], statuses
    assert {"posted", "invalid", "conflict", "held"} <= set(run.outcomes), run.outcomes


def test_nothing_secret_or_personal_is_in_any_file(run):
    files = dict(run.files())
    logs = {"logs/functions-host-2.log", "logs/failing-host.log", "vault/vault.log"}
    assert {name for name in files if name.endswith(".log")} >= logs
    assert "callback.refused" in files["logs/functions-host-2.log"]
    assert _sung(run, (*SECRET, *PERSONAL), files.items()) == []


def test_an_error_that_nobody_caught_is_told_by_its_type_and_place(run):
    """By the host, which writes down text and stack of whatever is raised, and by the app's own event."""
    assert run.failed == [(500, ""), (500, "")]
    log = dict(run.files())["logs/failing-host.log"]
    for function, error in (("payment_status", "RuntimeError"), ("open_items", "Unavailable")):
        assert f"function {function} failed: Failed('{error}')" in log
        assert f'"event": "function.failed", "function": "{function}", "error": "{error}", "place": "_fail_with:' in log
    assert '"detail": "no answer from https://h/?BK=***"' in log


def test_what_the_vault_keeps_is_in_no_file_and_no_row(run):
    texts = [*run.files(), *run.rows.items(), *enumerate(run.answers), *enumerate(run.results)]
    assert [place for place, text in texts for value in run.vault_values() if value in text] == []


def test_nothing_secret_is_in_any_table(run):
    assert any(place.startswith("callbackkeys") for place in run.rows)
    assert any(place.startswith("authorizations") for place in run.rows)
    assert _sung(run, SECRET, run.rows.items()) == []


def test_a_payer_is_in_no_row_but_the_message_of_a_state_row(run):
    assert any(place.startswith("quarantine") for place in run.rows)
    assert any("C~" in place for place in run.rows)
    rows = [(place, text) for place, text in run.rows.items() if not place.startswith("message of")]
    assert _sung(run, PERSONAL, rows) == []


def test_nothing_secret_or_personal_is_in_any_answer_or_result(run):
    told = [*enumerate(run.answers), *enumerate(run.results)]
    assert _sung(run, (*SECRET, *PERSONAL), told) == []
