"""Runs an unmodified Python v2 function app in this process, through Microsoft's ``azure-functions-runtime``.

This is the only module that knows that library's internals; its version is pinned for that reason.
"""

import importlib
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime  # type: ignore[import-untyped]  # ships no types
from azure_functions_runtime import native_invocation
from azure_functions_runtime.bindings.datumdef import (  # type: ignore[import-untyped]  # ships no types
    Datum as LibraryDatum,
)

from local.invocation import Call, Datum, Failure, Function, Result
from local.processes import NotReady

_TRIGGERS = {"httpTrigger", "queueTrigger", "timerTrigger"}
_OUTPUTS = {"http", "queue"}


class Worker:
    """The loaded app; one per process."""

    def __init__(self, functions: dict[str, Function]) -> None:
        """``functions``: by the library's id of each."""
        self.functions = sorted(functions.values(), key=lambda function: function.name.lower())
        self._ids = {function.name: identifier for identifier, function in functions.items()}
        self._parameters = {function.name: function.trigger["name"] for function in self.functions}

    @classmethod
    async def load(cls, app: Path) -> "Worker":
        """Import ``function_app.py`` of the folder and index its functions, in order of their names.

        Raises:
            NotReady: the app does not load, or uses a binding that this host does not know.
        """
        # It logs each failure with a traceback of its own, and the host does, too.
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
        return cls({each.function_id: _function(each) for each in found})

    async def invoke(self, call: Call) -> Result | Failure:
        """Call the function once."""
        trigger = [(self._parameters[call.function], _to_library(call.trigger))]
        metadata = {name: _to_library(each) for name, each in call.metadata.items()}
        succeeded, returned, outputs, error, traceback = await native_invocation.invocation_request_native(
            call.invocation, self._ids[call.function], trigger, metadata
        )
        if not succeeded:
            return Failure(call.invocation, error, traceback)
        given = [(name, _from_library(each)) for name, each in outputs]
        return Result(call.invocation, returned and _from_library(returned), given)


def _to_library(datum: Datum) -> Any:  # noqa: ANN401 - the library has no types
    return LibraryDatum(_inside(datum.value, Datum, _to_library), datum.type)


def _from_library(datum: Any) -> Datum:  # noqa: ANN401 - the library has no types
    return Datum(_inside(datum.value, LibraryDatum, _from_library), datum.type)


def _inside(value: Any, kind: type, convert: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as above
    """A value, or a dict of values, with every datum in it converted."""
    if isinstance(value, dict):
        return {name: _inside(each, kind, convert) for name, each in value.items()}
    return convert(value) if isinstance(value, kind) else value


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
    return Function(metadata.name, triggers[0], outputs)
