"""How a floor calls the simulator: the environment names it (``FLOOR_URL``, ``_TOKEN``, ``_SUBDOMAIN``)."""

import json
import os
from typing import Any

import httpx

HEADERS = {
    "Authorization": f"Bearer {os.environ['FLOOR_TOKEN']}",
    "X-Caselle-Subdomain": os.environ["FLOOR_SUBDOMAIN"],
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
}
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=0)
TRANSPORT = httpx.AsyncHTTPTransport(limits=LIMITS, trust_env=False)


async def call(name: str, document: str, variables: dict[str, Any]) -> bytes:
    """The answer, over a fresh connection."""
    body = {"operationName": name, "query": document, "variables": variables}
    request = httpx.Request("POST", os.environ["FLOOR_URL"], headers=HEADERS, content=json.dumps(body))
    answer = await TRANSPORT.handle_async_request(request)
    found = await answer.aread()
    await answer.aclose()
    return found
