"""What the host reads from ``host.json``, with the platform's own environment overrides."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.processes import NotReady

_OVERRIDE = "azurefunctionsjobhost"
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d{1,7})?)", re.ASCII)
_SHORTEST_POLL = 0.1
_LARGEST_BATCH = 32


@dataclass(frozen=True)
class QueueSettings:
    """``extensions.queues``; times in seconds."""

    batch_size: int
    new_batch_threshold: int
    longest_poll: float
    visibility_timeout: float
    most_dequeues: int
    base64: bool


@dataclass(frozen=True)
class HostSettings:
    """The parts of ``host.json`` that this host acts on; ``function_timeout`` in seconds, None for no limit."""

    route_prefix: str
    function_timeout: float | None
    queues: QueueSettings


@dataclass(frozen=True)
class Options:
    """What one instance is told beside ``host.json``; ``storage`` is a connection string with its key."""

    port: int
    queue_lease: int
    storage: str
    host_id: str
    time_divisor: float


def load_options(environment: Mapping[str, str], *, port: int, queue_lease: int) -> Options:
    """Read the rest of what the host takes from its environment.

    Raises:
        NotReady: a setting is missing or wrong.
    """
    storage = environment.get("AzureWebJobsStorage")
    if not storage:
        raise NotReady("The setting AzureWebJobsStorage is missing.")
    host_id = environment.get("AzureFunctionsWebHost__hostid", "local")
    return Options(port, queue_lease, storage, host_id, _time_divisor(environment.get("TIME_DIVISOR", "1")))


def load_settings(app: Path, environment: Mapping[str, str]) -> HostSettings:
    """Read the app's ``host.json``; variables ``AzureFunctionsJobHost__a__b`` override its value ``a.b``.

    Raises:
        NotReady: the file is missing, or a value is not one that the platform takes.
    """
    try:
        settings = _lowered(json.loads((app / "host.json").read_text()))
        _override(settings, environment)
        extensions = settings.get("extensions", {})
        return HostSettings(
            route_prefix=extensions.get("http", {}).get("routeprefix", "api").strip("/"),
            function_timeout=_function_timeout(str(settings.get("functiontimeout", "00:30:00"))),
            queues=_queue_settings(extensions.get("queues", {})),
        )
    except OSError:
        raise NotReady(f"There is no host.json in {app}.") from None
    except ValueError as error:
        raise NotReady(f"host.json: {error}") from None


def is_disabled(function: str, environment: Mapping[str, str]) -> bool:
    """Whether ``AzureWebJobs.NAME.Disabled`` has its trigger ignored; the admin call runs it all the same."""
    return environment.get(f"AzureWebJobs.{function}.Disabled", "").lower() in {"1", "true"}


def seconds(time_span: str) -> float:
    """Seconds of a .NET time span such as ``00:00:02`` or ``1.00:00:00.5``.

    Raises:
        ValueError: it is none.
    """
    parts = _TIME_SPAN.fullmatch(time_span)
    if parts is None:
        raise ValueError(f"{time_span!r} is not a time span like 00:00:30")
    days, hours, minutes, rest = parts.groups(default="0")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(rest)


def _queue_settings(queues: Mapping[str, Any]) -> QueueSettings:
    batch_size = int(queues.get("batchsize", 16))
    encoding = str(queues.get("messageencoding", "base64")).lower()
    if not 1 <= batch_size <= _LARGEST_BATCH:
        raise ValueError(f"batchSize is 1 to {_LARGEST_BATCH}")
    if encoding not in {"base64", "none"}:
        raise ValueError("messageEncoding is base64 or none")
    return QueueSettings(
        batch_size=batch_size,
        new_batch_threshold=int(queues.get("newbatchthreshold", batch_size // 2)),
        longest_poll=max(_SHORTEST_POLL, seconds(queues.get("maxpollinginterval", "00:01:00"))),
        visibility_timeout=seconds(queues.get("visibilitytimeout", "00:00:00")),
        most_dequeues=int(queues.get("maxdequeuecount", 5)),
        base64=encoding == "base64",
    )


def _time_divisor(text: str) -> float:
    try:
        divisor = float(text)
    except ValueError:
        divisor = 0
    if not 1 <= divisor < math.inf:
        raise NotReady(f"TIME_DIVISOR is a number from 1, not {text!r}.")
    return divisor


def _function_timeout(text: str) -> float | None:
    return None if text == "-1" else seconds(text)


def _lowered(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same JSON with lower-case keys: the platform reads its settings in any letter case."""
    if isinstance(value, dict):
        return {key.lower(): _lowered(item) for key, item in value.items()}
    return value


def _override(settings: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        first, *path = name.lower().split("__")
        if first == _OVERRIDE and path:
            node = settings
            for part in path[:-1]:
                node = node.setdefault(part, {})
            node[path[-1]] = value
