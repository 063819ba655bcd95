"""Indexes the app in the folder that is given, and prints its functions; run in an environment of its own."""

import asyncio
import json
import sys
from pathlib import Path

from local.worker import Worker


async def index(app):
    worker = await Worker.load(app)
    return {each.name: {"trigger": each.trigger, "outputs": list(each.outputs.values())} for each in worker.functions}


print(json.dumps(asyncio.run(index(Path(sys.argv[1])))))  # noqa: T201 - this is its answer
