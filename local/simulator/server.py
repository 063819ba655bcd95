"""Relay and control API in one process."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypedDict

import httpx

from local.simulator.books import World
from local.simulator.control import control
from local.simulator.listener import Listener
from local.simulator.relay import relay

_CALLBACK_SECONDS: Final = 30


class PortTaken(Exception):
    """Another process listens where the simulator should."""


class Addresses(TypedDict):
    """Where the simulator answers; ``tokenUrl`` is complete, the others are bases."""

    caselleUrl: str
    tokenUrl: str
    controlUrl: str


@asynccontextmanager
async def simulator(port: int = 0, control_port: int = 0) -> AsyncIterator[Addresses]:
    """Run the simulator on 127.0.0.1; 0 takes a free port.

    Raises:
        PortTaken: the text is a sentence for a person.
    """
    async with AsyncExitStack() as stack:
        front = _take(stack, port)
        back = _take(stack, control_port)
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=_CALLBACK_SECONDS))
        world = World()
        front.app = relay(world, front.hang_up)
        back.app = control(world, front, http)
        await front.start()
        await back.start()
        yield {"caselleUrl": front.url, "tokenUrl": f"{front.url}/oauth/token", "controlUrl": back.url}


def _take(stack: AsyncExitStack, port: int) -> Listener:
    try:
        listener = Listener(port)
    except OSError as error:
        raise PortTaken(f"Port {port} of 127.0.0.1 cannot be used: {os.strerror(error.errno or 0)}.") from None
    stack.push_async_callback(listener.stop)
    return listener
