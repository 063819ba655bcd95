"""The command line: wrong use gets a plain sentence, and ``up`` is a stack that an outside client can use."""

import json
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.__main__ import main
from local.processes import ROOT, Child
from local.state_folder import StateFolder
from local.traffic import Traffic
from shared.exchange.result import Outcome

SAMPLES = ROOT / "local/samples"
BILLERS = SAMPLES / "billers.json"
DEADLINE = 30


@pytest.fixture
def command(capsys, monkeypatch):
    """Runs the command line in this process; its exit code and what it said."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return ended.value.code, said.out + said.err

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def running(state):
    log = state.with_name("up.log")
    # Nothing listens there: whoever asks the proxy for a part of the stack fails.
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    with Child.module("up", "local", "up", "--state", str(state), log=log, env=proxy) as child:
        yield child


@pytest.fixture(scope="module")
def printed(running):
    """The lines on callbacks; ``up`` is ready after them."""
    lines = [running.wait_line("callback of") for _ in json.loads(BILLERS.read_text())]
    running.wait_line("Ready.")
    return lines


@pytest.fixture(scope="module")
def stack(state, printed):
    assert printed
    return json.loads((state / "stack.json").read_text())


class TestWrongUse:
    """Exit code 2, one sentence, no traceback."""

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["demo", "--bogus"], "No such option: --bogus"),
            (["dmo"], "No such command 'dmo'"),
            (["up", "--port", "many"], "Invalid value for '--port'"),
            (["demo", "--billers", "nowhere.json"], "There is no file nowhere.json."),
            (["demo", "--payments", "nowhere.jsonl"], "There is no file nowhere.jsonl."),
            (["demo", "--payments", "."], ". cannot be read: Is a directory."),
            (["demo", "--report", "nowhere/report.json"], "There is no folder nowhere for the report."),
            (["demo", "--rejects", "nowhere.jsonl"], "There is no file nowhere.jsonl."),
            (["demo", "--report", "."], ". is a folder: name a file for the report."),
            (["up", "--token-url", "https://example.test/token"], "--token-url belongs to a Caselle"),
            (["up", "--caselle-url", "http://example.test"], "is not a plain https URL"),
        ],
    )
    def test_options(self, command, arguments, says):
        code, said = command(*arguments)
        assert code == 2
        assert says in said
        assert "Traceback" not in said

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("[\n  {,}\n]", "line 2, column 4: this is not JSON"),
            ("{}", "must hold a JSON list of billers"),
            ("[]", "with one at least"),
            ("[7]", "position 1 of the list: a biller is a JSON object"),
            ('[{"name": "Newport"}]', "position 1 of the list (a biller without an id), field billerId"),
        ],
    )
    def test_a_malformed_billers_file(self, command, tmp_path, text, says):
        path = tmp_path / "billers.json"
        path.write_text(text)
        code, said = command("demo", "--billers", path)
        assert code == 2
        assert said.startswith(f"{path}")
        assert says in said

    @pytest.mark.parametrize(
        ("field", "value", "says"),
        [
            ("goLiveAt", "soon", "(biller 2137), field goLiveAt: Input should be a valid datetime"),
            ("timeZone", "Mars/Olympus", "(biller 2137), field timeZone: not an IANA time zone."),
            ("subdomain", "newportor", "field subdomain: newportor is there twice."),
            ("billerId", "2493", "field billerId: 2493 is there twice."),
        ],
    )
    def test_a_biller_that_breaks_a_rule(self, command, tmp_path, field, value, says):
        billers = json.loads(BILLERS.read_text())
        billers[1][field] = value
        path = tmp_path / "billers.json"
        path.write_text(json.dumps(billers))
        code, said = command("up", "--billers", path)
        assert code == 2
        assert f"{path}, position 2 of the list" in said
        assert says in said
        assert "pydantic" not in said

    def test_a_payments_file_without_a_payment(self, command, tmp_path):
        path = tmp_path / "payments.jsonl"
        path.write_text("\n \n")
        assert command("demo", "--payments", path) == (2, f"{path} holds no payment.\n")

    def test_a_line_that_no_queue_message_can_hold(self, command, tmp_path):
        path = tmp_path / "payments.jsonl"
        path.write_text("{}\n" + "x" * 50_000)
        code, said = command("demo", "--payments", path)
        assert code == 2
        assert f"{path}, message 2: it is longer than a queue message" in said

    def test_a_port_that_is_taken(self, command, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            assert command("up", "--port", port, "--state", tmp_path) == (
                2,
                f"Port {port} is taken: the functions host cannot listen there.\n",
            )

    def test_without_node(self, command, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        code, said = command("demo", "--state", tmp_path / "state")
        assert code == 2
        assert "Node.js is missing: install Node.js 20 or newer" in said

    def test_a_state_folder_that_holds_something_else(self, command, tmp_path):
        (tmp_path / "vault").mkdir()
        code, said = command("up", "--state", tmp_path)
        assert code == 2
        assert f"{tmp_path} holds files of something else" in said

    def test_a_state_folder_that_cannot_be_made(self, command, tmp_path):
        (tmp_path / "file").touch()
        code, said = command("up", "--state", tmp_path / "file/state")
        assert code == 2
        assert "cannot be used: Not a directory" in said

    def test_setup_without_npm(self, tmp_path):
        locks = ("requirements-dev.txt", "requirements-uv.txt", "local/package-lock.json")
        for name in (*locks, "tests/infra/kusto/package-lock.json", "local/setup.sh"):
            target = tmp_path / "clone" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
        tools = tmp_path / "tools"
        tools.mkdir()
        for tool in ("sh", "cat", "cksum", "tr", "dirname"):
            (tools / tool).symlink_to(shutil.which(tool))
        done = _run(tools / "sh", tmp_path / "clone/local/setup.sh", env={"PATH": str(tools)})
        assert done.returncode == 1
        assert done.stderr.startswith("setup: npm is missing: install Node.js 20 or newer")


def test_down_and_status_where_nothing_runs(command, tmp_path):
    assert command("status", "--state", tmp_path) == (1, f"No stack runs in {tmp_path}.\n")
    assert command("down", "--state", tmp_path) == (0, f"No stack runs in {tmp_path}.\n")


def test_what_a_crashed_stack_left_is_removed(tmp_path):
    (tmp_path / "stack.pid").write_text("1")
    (tmp_path / "stack.json").write_text("{}")
    (tmp_path / "azurite").mkdir()
    folder = StateFolder(tmp_path)
    folder.claim()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stack.pid"]
    folder.release()
    assert folder.owner() is None


class TestUp:
    """One stack for them all, used as an outside client would; ``down`` stops it before the last test."""

    def test_stack_json_is_complete_and_private(self, stack, state):
        assert set(stack) == {
            "functionsUrl",
            "storageConnectionString",
            "vaultUrl",
            "caselleUrl",
            "tokenUrl",
            "controlUrl",
            "keys",
            "settings",
            "billers",
        }
        assert set(stack["keys"]) == {"host", "master"}
        assert set(stack["billers"]) == {"2493", "2137", "3180"}
        assert stat.S_IMODE((state / "stack.json").stat().st_mode) == 0o600

    def test_printed_urls_hide_the_keys(self, stack, printed):
        assert [line.rpartition("?")[2] for line in printed] == ["BK=***"] * 3
        for parts in stack["billers"].values():
            assert parts["callbackUrl"].partition("?BK=")[2] not in "".join(printed)

    def test_an_outside_peer_can_deliver_a_token(self, stack):
        callback = stack["billers"]["2493"]["callbackUrl"]
        token = {"access_token": "made-up", "expires_in": 3600}
        assert httpx.post(callback, json=token, trust_env=False, timeout=30).json() == {"status": "stored"}
        assert httpx.post(f"{callback}x", json=token, trust_env=False, timeout=30).status_code == 404

    async def test_a_payment_from_outside_is_posted_and_reported_once(self, stack):
        # The test before this one delivered a token for 2493 that Caselle does not know.
        [line] = [line for line in _sample_lines() if '"billerId": "3180"' in line][:1]
        async with QueueServiceClient.from_connection_string(stack["storageConnectionString"]) as queues:
            traffic = Traffic(queues, [line])
            await traffic.enqueue()
            assert await traffic.collect(DEADLINE, lambda: None)
            [result] = traffic.results.values()
            assert await queues.get_queue_client("posting-results").peek_messages() == []
        assert (result.outcome, result.duplicate, result.message_id) == (Outcome.POSTED, False, traffic.message_ids[0])
        assert result.receipt_number == "5.00001"

    def test_its_state_can_be_asked_for_with_the_host_key(self, stack):
        payment = json.loads(next(line for line in _sample_lines() if '"billerId": "3180"' in line))
        url = f"{stack['functionsUrl']}/api/billers/3180/payments/{payment['paymentId']}"
        key = {"x-functions-key": stack["keys"]["host"]}
        assert httpx.get(url, trust_env=False, timeout=30).status_code == 401
        assert httpx.get(url, headers=key, trust_env=False, timeout=30).json()["receiptNumber"] == "5.00001"

    def test_a_second_one_is_refused(self, command, stack, state):
        assert stack
        code, said = command("up", "--state", state)
        assert code == 2
        assert f"A stack already runs in {state}" in said
        assert 'make down ARGS="--state' in said

    def test_status(self, command, stack, state):
        code, said = command("status", "--state", state)
        assert code == 0
        assert stack["functionsUrl"] in said
        assert "BK=***" in said

    def test_down_ends_it_within_seconds(self, command, running, stack, state):
        began = time.monotonic()
        assert command("down", "--state", state) == (0, "Stopped.\n")
        assert time.monotonic() - began < 15
        assert _ended(running) == 0
        assert not (state / "stack.json").exists()
        for url in (stack["functionsUrl"], stack["caselleUrl"]):
            with pytest.raises(httpx.ConnectError):
                httpx.get(url, trust_env=False)

    def test_no_log_holds_a_key(self, stack, state):
        secrets = [parts["callbackUrl"].partition("?BK=")[2] for parts in stack["billers"].values()]
        secrets += [*stack["keys"].values(), "made-up"]
        logged = "".join(path.read_text() for path in [*state.rglob("*.log"), state.with_name("up.log")])
        assert [secret for secret in secrets if secret in logged] == []


def _sample_lines():
    return (SAMPLES / "payments.jsonl").read_text().splitlines()


def _ended(child):
    deadline = time.monotonic() + DEADLINE
    while child.exit_code is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return child.exit_code


def _run(*command, env):
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True)  # noqa: S603 - fixed commands


def test_python_dash_m_ends_with_the_code():
    environment = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(ROOT)}
    done = _run(sys.executable, "-m", "local", "demo", "--billers", "nowhere.json", env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "There is no file nowhere.json.\n")
