"""Runs an unmodified Python v2 function app in this process, through Microsoft's ``azure-functions-runtime``.

This is the only module that knows that library's internals; its version is pinned for that reason.
"""

import importlib
import json
import logging
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime  # type: ignore[import-untyped]  # ships no types
from azure_functions_runtime import native_invocation
from azure_functions_runtime.bindings.datumdef import Datum  # type: ignore[import-untyped]  # ships no types

from local.processes import NotReady

type Binding = Mapping[str, Any]

_TRIGGERS = {"httpTrigger", "queueTrigger", "timerTrigger"}
_OUTPUTS = {"http", "queue"}

__all__ = ["Binding", "Datum", "Function", "FunctionFailed", "Result", "Worker"]


class FunctionFailed(Exception):
    """The function raised. Holds the error's type and the traceback as text."""

    def __init__(self, error_type: str, traceback: str) -> None:
        super().__init__(error_type)
        self.error_type = error_type
        self.traceback = traceback


@dataclass(frozen=True)
class Function:
    """One function of the app: its trigger and, by parameter name (or ``$return``), its outputs."""

    name: str
    identifier: str
    trigger: Binding
    outputs: Mapping[str, Binding]


@dataclass(frozen=True)
class Result:
    """What a function handed back: ``$return`` and its output parameters, those that were set."""

    returned: Datum | None
    outputs: list[tuple[str, Datum]]


class Worker:
    """The loaded app; one per process."""

    def __init__(self, functions: list[Function]) -> None:
        self.functions = functions

    @classmethod
    async def load(cls, app: Path) -> "Worker":
        """Import ``function_app.py`` of the folder and index its functions, in order of their names.

        Raises:
            NotReady: the app does not load, or uses a binding that this host does not know.
        """
        # It logs each failure with a traceback of its own, and so does whoever calls this module.
        logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
        sys.path.insert(0, str(app))
        importlib.invalidate_caches()
        runtime.start_threadpool_executor()
        answer = await runtime.worker_init_request(_request("worker_init_request", app))
        if answer.result.status != _Protos.StatusResult.Success:
            raise NotReady(f"The function app does not load.\n{answer.result.exception.stack_trace}")
        metadata = await runtime.functions_metadata_request(_request("functions_metadata_request", app))
        found = metadata.function_metadata_results
        if not found:
            raise NotReady(f"There is no function in {app / 'function_app.py'}.")
        return cls(sorted((_function(each) for each in found), key=lambda function: function.name.lower()))

    async def invoke(self, function: Function, trigger: Datum, metadata: Mapping[str, Datum] | None = None) -> Result:
        """Call the function once.

        Raises:
            FunctionFailed: it raised.
        """
        succeeded, returned, outputs, error, traceback = await native_invocation.invocation_request_native(
            str(uuid.uuid4()), function.identifier, [(function.trigger["name"], trigger)], metadata or {}
        )
        if not succeeded:
            raise FunctionFailed(error.partition("(")[0], traceback)
        return Result(returned, outputs)


class _Protos:
    """Stands in for the protobuf classes that the library builds its answers with: any name is a record."""

    class BindingInfo(SimpleNamespace):
        undefined, string, binary, stream = range(4)
        out, inout = 1, 2

    class StatusResult(SimpleNamespace):
        Failure, Success, Cancelled = range(3)

    def __getattr__(self, name: str) -> type[SimpleNamespace]:
        record = type(name, (SimpleNamespace,), {})
        setattr(self, name, record)
        return record


def _request(verb: str, app: Path) -> SimpleNamespace:
    fields = SimpleNamespace(capabilities={}, function_app_directory=str(app))
    return SimpleNamespace(
        name=verb, request=SimpleNamespace(**{verb: fields}), properties={"protos": _Protos(), "host": "127.0.0.1"}
    )


def _function(metadata: SimpleNamespace) -> Function:
    bindings = [json.loads(raw) for raw in metadata.raw_bindings]
    triggers = [binding for binding in bindings if binding["type"] in _TRIGGERS]
    outputs = {binding["name"]: binding for binding in bindings if binding["type"] in _OUTPUTS}
    if len(triggers) != 1 or len(outputs) != len(bindings) - 1:
        raise NotReady(f"Function {metadata.name}: this host knows {sorted(_TRIGGERS | _OUTPUTS)}, one trigger each.")
    for binding in bindings:
        if binding.get("connection", "AzureWebJobsStorage") != "AzureWebJobsStorage":
            raise NotReady(f"Function {metadata.name}: this host knows the connection AzureWebJobsStorage only.")
    return Function(metadata.name, metadata.function_id, triggers[0], outputs)
