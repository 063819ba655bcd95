"""A real headless Chromium, driven over its DevTools protocol: what it shows, what it refuses, and pictures of it."""

import asyncio
import base64
import json
import re
import shutil
from contextlib import asynccontextmanager
from itertools import count

import aiohttp

from tests.waiting import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_STARTS = 60
_ANSWERS = 60


class Browser:
    """One tab. ``refused`` are the browser's own complaints, such as what the page's policy stopped."""

    def __init__(self, socket):
        self._socket, self._numbers, self._answers, self._loaded = socket, count(1), {}, asyncio.Event()
        self.refused = []

    async def listen(self):
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif told["method"] == "Log.entryAdded" and told["params"]["entry"]["source"] == "security":
                self.refused.append(told["params"]["entry"]["text"])

    async def call(self, method, **params):
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, _ANSWERS)
        assert "error" not in told, told
        return told["result"]

    async def go(self, url):
        await self._after_load(self.call("Page.navigate", url=url))

    async def click(self, selector):
        await self._after_load(self.see(f"document.querySelector({json.dumps(selector)}).click()"))

    async def see(self, expression):
        """The value of an expression in the page."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def look_like(self, *, width, height, dark=False, media="", scale=1):
        """A screen of this size in CSS pixels, in light or dark, or paper."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    async def picture(self, path):
        shot = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    async def _after_load(self, cause):
        self._loaded.clear()
        await cause
        await asyncio.wait_for(self._loaded.wait(), _ANSWERS)


@asynccontextmanager
async def browser(folder):
    """A browser with a profile of its own in ``folder``; it ends with the block."""
    arguments = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--no-first-run")
    own = (f"--user-data-dir={folder}", "--remote-debugging-port=0", "--disable-dev-shm-usage", "about:blank")
    null, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(CHROMIUM, *arguments, *own, stdout=null, stderr=pipe)
    try:
        port = await asyncio.wait_for(_port(process.stderr), _STARTS)
        saying = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as http:
            tab = await until(lambda: _tab(http, port), _STARTS)
            async with http.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                found = Browser(socket)
                listening = asyncio.create_task(found.listen())
                for domain in ("Page", "Log", "Runtime"):
                    await found.call(f"{domain}.enable")
                yield found
        await listening
    finally:
        process.kill()
        await process.wait()
    await saying


async def _tab(http, port):
    """The one page, once the browser has opened it."""
    async with http.get(f"http://127.0.0.1:{port}/json/list") as listed:
        return next((each for each in await listed.json() if each["type"] == "page"), None)


async def _port(said):
    """Of the address that the browser says it listens on."""
    async for line in said:
        if found := re.search(rb"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line):
            return int(found[1])
    raise AssertionError("the browser did not start")
