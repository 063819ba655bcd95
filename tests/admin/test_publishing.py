"""Publishing and asking the app over a real socket, whatever answers in its place."""

import json
import threading
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from admin.deploy.publishing import Publishing
from admin.deploy.site import Site
from admin.errors import WrongUse
from shared.runtime.build import Build

PUBLISH, STATUS, HEALTH, READY = "/api/publish", "/api/deployments/dep-1", "/api/health", "/api/ready"
TAKEN = (202, '"dep-1"')
WANTED = Build("0.2.0", "a" * 64)
NO_ANSWERS = [
    (503, "Service Unavailable"),
    (502, "<html><body>Bad gateway</body></html>"),
    (200, ""),
    (200, '{"status": '),
    (200, "[]"),
    (200, '{"status": "4"}'),
    (200, "\xff\xfe"),
    (200, "[" * 100_000),
]
"""What a front end, a host that ends, or a cut connection leaves in the place of an answer."""


class Answers(BaseHTTPRequestHandler):
    """Answers each path with what is left for it, the last answer for ever; keeps what came."""

    answers: defaultdict[str, deque[tuple[int, str]]]
    came: list[tuple[str, str, dict[str, str], bytes]]

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.came.append((self.command, self.path, dict(self.headers), body))
        left = self.answers[self.path.partition("?")[0]]
        status, text = left.popleft() if len(left) > 1 else left[0] if left else (404, "")
        content = text.encode("latin-1")
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815 - as the base class looks for them

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def server():
    handler = type("Handler", (Answers,), {"answers": defaultdict(deque), "came": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        handler.url = f"http://127.0.0.1:{running.server_address[1]}"
        yield handler
        running.shutdown()


@pytest.fixture
def waited():
    return []


def _zipped(folder):
    path = folder / "a.zip"
    path.write_bytes(b"zip")
    return path


@pytest.fixture
def publish(server, waited, tmp_path):
    """Publishes a zip after these answers; tokens are numbered."""
    zipped = _zipped(tmp_path)
    tokens = iter(f"token-{number}" for number in range(1, 1000))

    def run(publish=(TAKEN,), status=((200, '{"status": 4}'),)):
        server.answers[PUBLISH] += publish
        server.answers[STATUS] += status
        Publishing(server.url, lambda: next(tokens), waited.append).publish(zipped)

    return run


class TestPublishing:
    def test_again_until_roles_are_known(self, server, publish, waited):
        publish([(403, ""), (503, "<html>"), TAKEN], [(200, '{"status": 1}'), (200, '{"status": 4}')])
        posted = [each for each in server.came if each[0] == "POST"]
        assert [each[1] for each in posted] == ["/api/publish?RemoteBuild=false&Deployer=icadmin"] * 3
        assert [each[2]["Authorization"] for each in posted] == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]
        assert {each[3] for each in posted} == {b"zip"}
        assert waited == [15, 15, 1]

    def test_it_follows_its_own_deployment(self, server, publish):
        """The one before it has succeeded long ago."""
        server.answers["/api/deployments/latest"] += [(200, '{"id": "old", "status": 4}')]
        publish(status=[(200, '{"status": 2}'), (200, '{"status": 4}')])
        assert [each[1] for each in server.came if each[0] == "GET"] == [STATUS, STATUS]

    @pytest.mark.parametrize("odd", NO_ANSWERS)
    def test_no_answer_in_between_ends_it(self, publish, waited, odd):
        publish(status=[(202, '{"status": 0}'), odd, (200, '{"status": 4}')])
        assert waited == [1, 1]

    def test_the_worker_that_knew_of_it_is_gone(self, publish, waited):
        publish(status=[(200, '{"status": 1}'), (404, "")])
        assert waited == [1]

    def test_it_is_unknown_at_first(self, publish, waited):
        publish(status=[(404, ""), (404, "<html>"), (200, '{"status": 4}')])
        assert waited == [1, 1]

    def test_it_was_never_known(self, publish, waited):
        """The app itself tells which code runs."""
        publish(status=[(404, "")])
        assert sum(waited) < 120

    @pytest.mark.parametrize("taken", [(202, ""), (200, "<html>"), (202, '"../../x"'), (202, '{"id": 1}')])
    def test_an_answer_without_an_id_leaves_it_to_the_app(self, server, publish, taken):
        publish([taken])
        assert [each[0] for each in server.came] == ["POST"]

    @pytest.mark.parametrize(
        ("taken", "status", "says"),
        [
            ((403, ""), (), r"refused for five minutes \(HTTP 403 at last\)"),
            ((415, '{"message": "Send a zip."}'), (), "refused with HTTP 415: Send a zip"),
            ((400, "<html>"), (), r"refused with HTTP 400\."),
            ((409, ""), (), "Another deployment of this app is under way"),
            (TAKEN, (200, '{"status": 3, "status_text": "No space left"}'), "failed: No space left"),
            (TAKEN, (200, '{"status": 3}'), "failed: its deployment log says why"),
            (TAKEN, (200, '{"status": -1}'), "was cancelled"),
            (TAKEN, (200, '{"status": 5, "message": "busy"}'), "another one is under way: busy"),
            (TAKEN, (200, '{"status": 6}'), "succeeded only in part"),
            (TAKEN, (200, '{"status": 1}'), "within fifteen minutes"),
        ],
    )
    def test_what_goes_wrong(self, publish, waited, taken, status, says):
        with pytest.raises(WrongUse, match=says):
            publish([taken], [status] if status else [])
        assert sum(waited) <= 15 * 60

    def test_nobody_listens(self, waited, tmp_path):
        with pytest.raises(WrongUse, match="no answer came"):
            Publishing("http://127.0.0.1:9", lambda: "t", waited.append).publish(_zipped(tmp_path))
        assert sum(waited) == 19 * 15


class TestSite:
    @pytest.mark.parametrize("odd", NO_ANSWERS)
    def test_it_waits_until_the_new_code_answers(self, server, waited, odd):
        """The code before it is up as well."""
        before = {"status": "up", "version": "0.1.0", "digest": "b" * 64}
        after = {"status": "up", "version": "0.2.0", "digest": "a" * 64}
        server.answers[HEALTH] += [odd, (200, json.dumps(before)), (200, json.dumps(after))]
        Site(server.url, waited.append).runs(WANTED)
        assert waited == [15, 15]

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            ((200, '{"status": "up", "version": "0.1.0", "digest": "bbb"}'), r"runs version 0\.1\.0, bbb, and not "),
            ((200, '{"status": "up", "version": null, "digest": null}'), "does not say which package it runs"),
            ((503, "<html>"), "answers HTTP 503"),
        ],
    )
    def test_other_code_never_passes(self, server, waited, answer, says):
        server.answers[HEALTH] += [answer]
        with pytest.raises(WrongUse, match=says):
            Site(server.url, waited.append).runs(WANTED)
        assert 9 * 60 <= sum(waited) <= 10 * 60

    @pytest.mark.parametrize("odd", NO_ANSWERS)
    def test_ready_at_last(self, server, waited, odd):
        server.answers[READY] += [odd, (200, '{"status": "ready"}')]
        Site(server.url, waited.append).ready("k")
        assert {each[2]["x-functions-key"] for each in server.came} == {"k"}

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            ((503, '{"detail": "the vault has no secret x"}'), "up and not ready: the vault has no secret x"),
            ((503, "Service Unavailable"), "up and not ready: it answers HTTP 503"),
            ((401, ""), "HTTP 401"),
        ],
    )
    def test_an_app_that_is_not_ready_says_why(self, server, waited, answer, says):
        server.answers[READY] += [answer]
        with pytest.raises(WrongUse, match=says):
            Site(server.url, waited.append).ready("k")
