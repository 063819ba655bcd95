"""The HTTP side of the local host, over a socket."""

import secrets

import httpx
import pytest


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
    assert seen["query"] == {"x": "1,2", "key": "a b+c"}
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


async def test_a_rest_parameter_takes_several_segments(http):
    assert (await http.get("/api/rest/a/b%20c")).text == "a/b c"


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


async def test_an_unhandled_error_is_500_and_only_its_type_and_place_are_logged(sample, http):
    marker = secrets.token_hex(8)
    answer = await http.post(f"/api/fails?code={marker}", content=f"body-{marker}")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "function fails failed: ValueError" in sample.log()
    assert "function_app.py" in sample.log()
    assert marker not in sample.log()


async def test_text_and_cookies_are_answered(http):
    plain = await http.get("/api/plain")
    assert (plain.status_code, plain.text) == (200, "just text")
    baked = await http.get("/api/cookies")
    assert baked.status_code == 201
    assert baked.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; HttpOnly"]


async def test_there_is_a_home_page(http):
    answer = await http.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_admin_calls_need_the_master_key(sample, http):
    function, master = ({"x-functions-key": key} for key in (sample.host.keys.function, sample.host.keys.master))
    assert (await http.get("/admin/host/status", headers=function)).status_code == 401
    assert (await http.post("/admin/functions/work", json={"input": "{}"})).status_code == 401
    assert (await http.get("/admin/host/status", headers=master)).json()["state"] == "Running"
    assert (await http.post("/admin/functions/absent", json={"input": ""}, headers=master)).status_code == 404
    assert (await http.get("/admin/functions/work", headers=master)).status_code == 404
    assert (await http.post("/admin/functions/work", content="no json", headers=master)).status_code == 400
