"""``python -m local.simulator [--port N] [--control-port N]``: runs until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys

from local.processes import announce_ready
from local.simulator.server import PortTaken, simulator

_USAGE_ERROR = 2


def main() -> int:
    """Run it; the exit code is 2 when a port is taken."""
    parser = argparse.ArgumentParser(prog="python -m local.simulator", description="A Caselle on this machine.")
    parser.add_argument("--port", type=int, default=0, help="of the relay (default: a free one)")
    parser.add_argument("--control-port", type=int, default=0, help="of the control API (default: a free one)")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options.port, options.control_port))
    except PortTaken as taken:
        print(taken, file=sys.stderr)
        return _USAGE_ERROR
    return 0


async def _serve(port: int, control_port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with simulator(port, control_port) as addresses:
        announce_ready(**addresses)
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
