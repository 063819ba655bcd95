"""The HTTP side of the local host, over a socket: what a function sees and answers, as the real host 4.1037 has it."""

import json
import secrets

import httpx
import pytest

from local.host_admin import home_page
from tests.local.sample_app import until


@pytest.fixture
async def http(sample):
    async with httpx.AsyncClient(base_url=sample.host.url, trust_env=False, timeout=30) as http:
        yield http


async def test_a_function_sees_the_request_as_the_platform_shows_it(http):
    headers = [("X-Two", "1"), ("x-two", "2"), ("Content-Type", "text/plain")]
    answer = await http.post("/api/echo/Ab%20c?x=1&X=2&empty=&key=a+b%2Bc", content="höre", headers=headers)
    seen = answer.json()
    assert answer.headers["X-Echo"] == "yes"
    assert answer.headers["content-type"] == "application/json"
    assert (seen["method"], seen["params"], seen["body"]) == ("POST", {"name": "Ab c"}, "höre")
    assert seen["query"] == {"X": "1,2", "key": "a b+c"}
    assert seen["headers"]["x-two"] == "1,2"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x"])
async def test_a_body_that_is_called_compressed_arrives_as_it_came(http, coding):
    answer = await http.post("/api/echo/me", content=b"no such thing", headers={"Content-Encoding": coding})
    assert (answer.status_code, answer.json()["body"]) == (200, "no such thing")


async def test_a_chunked_body_arrives_empty(http):
    async def chunks():
        yield b"hello"

    answer = await http.post("/api/echo/me", content=chunks())
    assert answer.json()["body"] == ""


@pytest.mark.parametrize(
    ("path", "name"),
    [("/API/Echo/a", "a"), ("/api/echo/a/", "a"), ("/api/echo/a%2Fb", "a%2Fb"), ("/api/echo/%7Bx%7D", "{x}")],
)
async def test_paths_match_in_any_letter_case_with_escaped_slashes_kept(http, path, name):
    assert (await http.get(path)).json()["params"] == {"name": name}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("Mixed%43ase", "MixedCase"),
        ("a%2Bb", "a+b"),
        ("a%", "a%25"),
        ("a%252Fb", "a%2Fb"),
        ("a%20b?x=%41&y", "a%20b?x=%41&y"),
        ("%C3%A4", "%C3%A4"),
        ("%FF", "%FF"),
    ],
)
async def test_the_url_that_a_function_sees_has_its_path_escaped_anew(sample, http, asked, shown):
    request = httpx.Request("GET", sample.host.url, extensions={"target": f"/api/echo/{asked}".encode()})
    assert (await http.send(request)).json()["url"] == f"{sample.host.url}/api/echo/{shown}"


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("BK=a&bk=b", {"bk": "a,b"}),
        ("x=%FF&y=%zz&z=%", {"x": "%FF", "y": "%zz", "z": "%"}),
        ("x=a%2Fb&y=%252F", {"x": "a/b", "y": "%2F"}),
        ("x=a#b&y", {"x": "a#b"}),
        ("x=%00&%C3%A4=1&a&=2", {"x": "\x00", "ä": "1", "": "2"}),
        ("x=%e2%82", {"x": "%e2%82"}),
    ],
)
async def test_the_query_that_a_function_sees(http, sample, query, seen):
    request = httpx.Request("GET", sample.host.url, extensions={"target": f"/api/echo/me?{query}".encode()})
    assert (await http.send(request)).json()["query"] == seen


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/echo/me"),
        ("HEAD", "/api/echo/me"),
        ("GET", "/api/send"),
        ("GET", "/api/echo"),
        ("GET", "/api/echo/a/b"),
        ("GET", "/api/absent"),
        ("GET", "/echo/me"),
    ],
)
async def test_no_route_or_a_wrong_method_is_not_found(http, method, path):
    answer = await http.request(method, path)
    assert (answer.status_code, answer.content) == (404, b"")


async def test_the_first_function_by_name_wins_not_the_closest_route(http):
    assert (await http.get("/api/order/fixed")).text == "a"


@pytest.mark.parametrize(
    ("path", "parameters"),
    [("a/b%20c", {"path": "a/b c"}), ("a/", {"path": "a/"}), ("", {}), ("a//b", {"path": "a//b"})],
)
async def test_a_rest_parameter_takes_several_segments_or_none(http, path, parameters):
    assert (await http.get(f"/api/rest/{path}")).json() == parameters
    assert (await http.get("/api/rest")).json() == {}


@pytest.mark.parametrize(("number", "status"), [("12", 200), ("-7", 200), ("1x", 404), ("x", 404)])
async def test_a_number_in_a_route_must_be_one(http, number, status):
    answer = await http.get(f"/api/number/{number}")
    assert (answer.status_code, answer.text) == (status, number if status == 200 else "")


@pytest.mark.parametrize(
    ("path", "opening", "refused"),
    [("/api/guarded", ("function", "master"), ()), ("/api/sealed", ("master",), ("function",))],
)
async def test_a_key_opens_by_header_or_query(sample, http, path, opening, refused):
    keys = {"master": sample.host.keys.master, "function": sample.host.keys.function}
    for name in opening:
        assert (await http.get(path, headers={"x-functions-key": keys[name]})).status_code == 200
        assert (await http.get(path, params={"code": keys[name]})).status_code == 200
    for key in (*(keys[name] for name in refused), secrets.token_hex(8), ""):
        answer = await http.get(path, headers={"x-functions-key": key})
        assert (answer.status_code, answer.content) == (401, b"")
    assert (await http.get(path)).status_code == 401


async def test_the_header_counts_before_the_query(sample, http):
    answer = await http.get(
        "/api/guarded", params={"code": sample.host.keys.function}, headers={"x-functions-key": "wrong"}
    )
    assert answer.status_code == 401


async def test_the_query_s_key_has_any_letter_case_and_the_first_counts(sample, http):
    good = sample.host.keys.function
    assert (await http.get("/api/guarded", params={"CODE": good})).status_code == 200
    assert (await http.get(f"/api/guarded?code={good}&code=wrong")).status_code == 200
    assert (await http.get(f"/api/guarded?code=wrong&code={good}")).status_code == 401


async def test_an_unhandled_error_is_500_and_its_text_and_stack_are_logged(sample, http):
    """By the host itself, unredacted: so nothing secret may be in there."""
    marker = secrets.token_hex(8)
    answer = await http.post(f"/api/fails?code={marker}", content=f"body-{marker}")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "function fails failed: ValueError('on purpose')" in sample.log()
    assert "function_app.py" in sample.log()
    assert marker not in sample.log()


async def test_text_is_answered(http):
    plain = await http.get("/api/plain")
    assert (plain.status_code, plain.text) == (200, "just text")


async def test_cookies_are_written_anew(http):
    """An empty domain is nothing to a browser; Python's own cookie jar drops such a cookie."""
    baked = await http.get("/api/cookies")
    assert baked.status_code == 201
    assert baked.headers.get_list("set-cookie") == [
        "a=1; domain=; path=/",
        "b=2; domain=; path=; httponly",
        "c=3; max-age=9; domain=h; path=/x; secure; samesite=strict",
        "d=b%2520c%3Dd; domain=; path=",
    ]
    assert not http.cookies


async def test_a_function_s_answer_comes_in_chunks_and_the_host_s_own_with_a_length(http):
    answer = await http.get("/api/answer?body=hello")
    assert (answer.text, answer.headers["transfer-encoding"], answer.headers["server"]) == (
        "hello",
        "chunked",
        "Kestrel",
    )
    assert "content-length" not in answer.headers
    for own in (await http.get("/api/absent"), await http.get("/api/guarded"), await http.get("/api/fails")):
        assert (own.headers["content-length"], own.headers["server"], own.content) == ("0", "Kestrel", b"")
    head = await http.head("/api/answer?body=hello")
    assert (head.status_code, head.content, "content-length" in head.headers) == (200, b"", False)


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_has_none(http, status):
    answer = await http.get(f"/api/answer?status={status}")
    assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize("status", [299, 413, 418, 599])
async def test_any_status_is_answered(http, status):
    answer = await http.get(f"/api/answer?status={status}&body=x")
    assert (answer.status_code, answer.text) == (status, "x")
    if status == 413:
        assert answer.reason_phrase == "Payload Too Large"


@pytest.mark.parametrize("header", ["%C3%A4", "a%0D%0Ab: c"])
async def test_a_header_that_cannot_be_sent_is_500(http, header):
    answer = await http.get(f"/api/answer?header={header}")
    assert (answer.status_code, answer.content) == (500, b"")


async def test_an_http_function_that_is_disabled_is_not_there(http):
    """Another function on its route still answers."""
    assert (await http.get("/api/door")).status_code == 404
    assert (await http.post("/api/door")).text == "out"


# The host's own pages.


async def test_there_is_a_home_page(http):
    answer = await http.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")


def test_a_setting_takes_the_home_page_away(monkeypatch):
    monkeypatch.setenv("AzureWebJobsDisableHomepage", "true")
    assert (home_page().status, home_page().body) == (204, None)


@pytest.fixture
def keys(sample):
    """Headers of each key."""
    given = {"master": sample.host.keys.master, "function": sample.host.keys.function, "wrong": secrets.token_hex(8)}
    return {name: {"x-functions-key": key} for name, key in given.items()} | {"none": {}}


READ = ("host/status", "functions", "functions/work", "functions/work/status", "host/keys")


@pytest.mark.parametrize("page", READ)
async def test_the_master_key_alone_reads_admin_pages(http, keys, page):
    answer = await http.get(f"/admin/{page}", headers=keys["master"])
    assert answer.status_code == 200
    assert answer.json()
    for name, status, challenge in (("function", 403, None), ("wrong", 401, "Bearer"), ("none", 401, "Bearer")):
        answer = await http.get(f"/admin/{page}", headers=keys[name])
        assert (answer.status_code, answer.content) == (status, b"")
        assert answer.headers.get("WWW-Authenticate") == challenge


async def test_an_admin_page_says_what_runs(http, keys):
    assert (await http.get("/admin/host/status", headers=keys["master"])).json()["state"] == "Running"
    listed = (await http.get("/Admin/Functions", headers=keys["master"])).json()
    assert {"work", "tick", "echo"} <= {each["name"] for each in listed}


async def test_a_ping_takes_no_key(http):
    assert (await http.get("/admin/host/ping")).status_code == 200


@pytest.mark.parametrize("page", ["", "host", "x", "functions/absent", "functions/work/x"])
async def test_an_admin_page_that_is_not_there_is_404_without_a_key(http, keys, page):
    for headers in keys.values():
        assert (await http.get(f"/admin/{page}", headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("function", "given", "status"),
    [
        ("work", {"json": {"input": "{}"}}, 202),
        ("echo", {"json": {"input": ""}}, 202),
        ("work", {"json": {"input": {"id": "x"}}}, 400),
        ("work", {"json": ["input"]}, 400),
        ("work", {"content": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ("work", {}, 415),
        ("work", {"content": "no json"}, 415),
        ("absent", {"json": {"input": ""}}, 404),
    ],
)
async def test_an_admin_call_starts_a_function(http, keys, function, given, status):
    headers = given.pop("headers", {})
    answer = await http.post(f"/admin/functions/{function}", headers=headers | keys["master"], **given)
    assert (answer.status_code, answer.content) == (status, b"")
    if status == 202:
        refused = await http.post(f"/admin/functions/{function}", headers=keys["none"], **given)
        assert refused.status_code == 401


async def test_a_message_by_hand_is_known_by_its_times_alone(sample, http, keys, queues):
    text = json.dumps({"by": "hand"})
    await http.post("/admin/functions/tell_bytes", headers=keys["master"], json={"input": text})
    [told] = await until(lambda: queues.about(f"{sample.prefix}-told", json.dumps(text)))
    message_id, count, receipt, inserted, expires, visible = json.loads(told)["about"]
    assert (message_id, count, receipt) == (None, 0, None)
    assert inserted <= visible < expires
