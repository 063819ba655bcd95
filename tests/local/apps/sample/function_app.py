"""A small function app for the tests of the local host.

``QUEUE_PREFIX`` keeps the queues of several running hosts apart; ``MARKS`` is a folder where jobs leave marks.
"""

import asyncio
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import List  # noqa: UP035 - the runtime refuses list[str] in an Out annotation

import azure.functions as func

app = func.FunctionApp()
logging.getLogger("sample").warning("imported")
_PREFIX = os.environ["QUEUE_PREFIX"]
_MARKS = Path(os.environ["MARKS"])
_TOO_LARGE = "x" * 70_000
_LOG = logging.getLogger("sample")


@app.route("echo/{name}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Tell what arrived."""
    arrived = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "query": dict(req.params),
        "params": dict(req.route_params),
        "body": req.get_body().decode(),
    }
    return func.HttpResponse(json.dumps(arrived), mimetype="application/json", headers={"X-Echo": "yes"})


@app.route("cookies", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def cookies(req: func.HttpRequest) -> func.HttpResponse:
    """Synchronous, with a header that repeats."""
    response = func.HttpResponse(status_code=201)
    response.headers.add("Set-Cookie", "a=1; Path=/")
    response.headers.add("Set-Cookie", "b=2; HttpOnly")
    response.headers.add("Set-Cookie", "c=3; SameSite=Strict; Secure; Path=/x; Domain=h; Max-Age=9")
    response.headers.add("Set-Cookie", "d=b%20c=d")
    return response


@app.route("answer", auth_level=func.AuthLevel.ANONYMOUS)
async def answer(req: func.HttpRequest) -> func.HttpResponse:
    """An answer as the query asks for it."""
    asked = req.params
    headers = {"X-Asked": asked["header"]} if "header" in asked else {}
    return func.HttpResponse(asked.get("body", ""), status_code=int(asked.get("status", "200")), headers=headers)


@app.route("number/{n:int}", auth_level=func.AuthLevel.ANONYMOUS)
async def number(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.route_params["n"])


@app.function_name("door_get")
@app.route("door", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def door_get(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("in")


@app.function_name("door_post")
@app.route("door", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def door_post(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("out")


@app.route("plain", auth_level=func.AuthLevel.ANONYMOUS)
async def plain(req: func.HttpRequest) -> str:
    return "just text"


@app.route(auth_level=func.AuthLevel.FUNCTION)
async def guarded(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("guarded")


@app.route("sealed", auth_level=func.AuthLevel.ADMIN)
async def sealed(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("sealed")


@app.route("fails", auth_level=func.AuthLevel.ANONYMOUS)
async def fails(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("on purpose")


@app.route("sleep", auth_level=func.AuthLevel.ANONYMOUS)
async def sleep(req: func.HttpRequest) -> func.HttpResponse:
    _mark({"id": req.params["mark"]})
    await asyncio.sleep(float(req.params["seconds"]))
    return func.HttpResponse("slept")


@app.route("block", auth_level=func.AuthLevel.ANONYMOUS)
async def block(req: func.HttpRequest) -> func.HttpResponse:
    """As no async function should."""
    _mark({"id": req.params["mark"]})
    time.sleep(float(req.params["seconds"]))  # noqa: ASYNC251 - on purpose
    return func.HttpResponse("blocked")


@app.route("exit", auth_level=func.AuthLevel.ANONYMOUS)
async def leave(req: func.HttpRequest) -> func.HttpResponse:
    """The end of the process that runs it."""
    os._exit(1)


_shared: dict[str, asyncio.Task[None]] = {}


@app.route("shared/{name}/begin", auth_level=func.AuthLevel.ANONYMOUS)
async def begin(req: func.HttpRequest) -> func.HttpResponse:
    """Begin what others wait for, too, and be gone before it ends."""
    name = req.route_params["name"]
    _shared[name] = asyncio.create_task(_seen(name))
    _LOG.info("%s begun", name)
    return func.HttpResponse()


@app.route("shared/{name}/wait", auth_level=func.AuthLevel.ANONYMOUS)
async def wait(req: func.HttpRequest) -> func.HttpResponse:
    name = req.route_params["name"]
    await _shared[name]
    _LOG.info("%s waited for", name)
    return func.HttpResponse()


@app.route("shared/{name}/both", auth_level=func.AuthLevel.ANONYMOUS)
async def both(req: func.HttpRequest) -> func.HttpResponse:
    await _seen(req.route_params["name"])
    return func.HttpResponse()


async def _seen(name: str) -> None:
    await asyncio.sleep(0.3)
    _LOG.warning("%s seen by the task", name)
    await asyncio.to_thread(_LOG.warning, "%s seen by a thread of it", name)
    threading.Thread(target=_LOG.warning, args=("%s seen by a thread of nobody", name)).start()


@app.function_name("order_a")
@app.route("order/{anything}", auth_level=func.AuthLevel.ANONYMOUS)
async def order_first(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("a")


@app.function_name("order_b")
@app.route("order/fixed", auth_level=func.AuthLevel.ANONYMOUS)
async def order_second(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("b")


@app.route("rest/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
async def rest(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(dict(req.route_params)))


@app.route("send", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output("one", f"{_PREFIX}-sent", "AzureWebJobsStorage")
@app.queue_output("many", f"{_PREFIX}-sent-list", "AzureWebJobsStorage")
async def send(
    req: func.HttpRequest,
    one: func.Out[str],
    many: func.Out[List[str]],  # noqa: UP006 - as above
) -> func.HttpResponse:
    """Two queue outputs, neither of whose queues exists at first."""
    one.set(req.get_body().decode())
    many.set(["first", '{"n": 2}', "third"])
    return func.HttpResponse(status_code=202)


@app.queue_trigger("msg", f"{_PREFIX}-jobs", "AzureWebJobsStorage", data_type=func.DataType.BINARY)
@app.queue_output("result", f"{_PREFIX}-results", "AzureWebJobsStorage")
@app.queue_output("extra", f"{_PREFIX}-extras", "AzureWebJobsStorage")
async def work(msg: func.QueueMessage, result: func.Out[str], extra: func.Out[str]) -> None:
    """Do what the message says, then report it."""
    job = json.loads(msg.get_body())
    _LOG.info("job begins")
    result.set(json.dumps({"id": job["id"], "messageId": msg.id, "dequeueCount": msg.dequeue_count}))
    await _JOBS[job.get("do", "nothing")](job, extra)


def _told(msg: func.QueueMessage) -> str:
    body = msg.get_body().decode()
    times = msg.insertion_time, msg.expiration_time, msg.time_next_visible
    about = [msg.id, msg.dequeue_count, msg.pop_receipt, *(each and each.isoformat() for each in times)]
    return json.dumps([{"body": body, "about": about}])


@app.queue_trigger("msg", f"{_PREFIX}-as-text", "AzureWebJobsStorage")
@app.queue_output("told", f"{_PREFIX}-told", "AzureWebJobsStorage")
async def tell_text(msg: func.QueueMessage, told: func.Out[str]) -> None:
    """Tell what is known of a message that arrives as text."""
    told.set(_told(msg))


@app.queue_trigger("msg", f"{_PREFIX}-as-bytes", "AzureWebJobsStorage", data_type=func.DataType.BINARY)
@app.queue_output("told", f"{_PREFIX}-told", "AzureWebJobsStorage")
async def tell_bytes(msg: func.QueueMessage, told: func.Out[str]) -> None:
    """The same of one that arrives as bytes."""
    told.set(_told(msg))


@app.queue_trigger("msg", f"{_PREFIX}-unmade", "AzureWebJobsStorage")
@app.queue_output("$return", f"{_PREFIX}-results", "AzureWebJobsStorage")
def relay(msg: func.QueueMessage) -> str:
    """Synchronous, hands its output back; its queue is not there at first."""
    return msg.get_body().decode()


@app.timer_trigger("timer", "0 * * * * *")
@app.queue_output("tick", f"{_PREFIX}-ticks", "AzureWebJobsStorage")
async def tick(timer: func.TimerRequest, tick: func.Out[str]) -> None:
    tick.set(f"past due: {timer.past_due}")


def _mark(job: dict, mark: str = "x") -> None:
    with (_MARKS / job["id"]).open("a") as marks:
        marks.write(mark)


async def _nothing(_job: dict, _extra: func.Out[str]) -> None:
    """Only report."""


async def _fail(job: dict, _extra: func.Out[str]) -> None:
    _mark(job)
    raise ValueError("on purpose")


async def _write_too_much(_job: dict, extra: func.Out[str]) -> None:
    extra.set(_TOO_LARGE)


async def _sleep(job: dict, _extra: func.Out[str]) -> None:
    _mark(job)
    await asyncio.sleep(job["seconds"])
    _mark(job, ".")


async def _clean_up(job: dict, _extra: func.Out[str]) -> None:
    _mark(job)
    try:
        await asyncio.Event().wait()
    finally:
        _mark(job, "f")


async def _hang_once(job: dict, _extra: func.Out[str]) -> None:
    begun_before = (_MARKS / job["id"]).exists()
    _mark(job)
    if not begun_before:
        await asyncio.Event().wait()


_JOBS = {
    "nothing": _nothing,
    "fail": _fail,
    "too-much": _write_too_much,
    "sleep": _sleep,
    "clean-up": _clean_up,
    "hang-once": _hang_once,
}
