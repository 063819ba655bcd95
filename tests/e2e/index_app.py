"""Indexes the app as the platform's worker does and prints what it found; run in an environment of its own."""

import asyncio
import json
import sys
from types import SimpleNamespace

import azure_functions_runtime as runtime


class Protos:
    """Stands in for the protobuf classes that the library builds its answers with."""

    class BindingInfo(SimpleNamespace):
        undefined, string, binary, stream = range(4)
        out, inout = 1, 2

    class StatusResult(SimpleNamespace):
        Failure, Success, Cancelled = range(3)

    def __getattr__(self, name):
        return type(name, (SimpleNamespace,), {})


def request(verb, app):
    fields = SimpleNamespace(capabilities={}, function_app_directory=app)
    properties = {"protos": Protos(), "host": "127.0.0.1"}
    return SimpleNamespace(name=verb, request=SimpleNamespace(**{verb: fields}), properties=properties)


async def index(app):
    sys.path.insert(0, app)
    await runtime.worker_init_request(request("worker_init_request", app))
    answer = await runtime.functions_metadata_request(request("functions_metadata_request", app))
    return {
        each.name: [json.loads(binding) for binding in each.raw_bindings] for each in answer.function_metadata_results
    }


print(json.dumps(asyncio.run(index(sys.argv[1]))))
