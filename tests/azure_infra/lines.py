"""Rows of the log tables: events of the product as App Insights keeps them, and what the platform itself writes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.azure_infra.recorded import Event
from tests.azure_infra.workspace import Fired, Line, Workspace, evaluated
from tests.infra.queries import ALERTS, rules

NOON: Final = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)

PLACES: Final = ("Central US", "East US", "West US", "South Central US", "North Central US")
"""Where the availability test runs, as its results name them."""


RULES: Final = rules()
SECOND: Final = timedelta(seconds=1)
UNTAKEN: Final = [
    (name, queue) for name, each in ALERTS.items() if each["kind"] == "untaken" for queue in each["subjects"]
]
"""Each queue that is watched from outside, with its alert."""


def asks_for(name: str, event: Event) -> bool:
    """Whether an alert on single events is for this one: two may share an event and differ in its code."""
    alert, code = ALERTS[name], event.fields.get("code")
    return code not in alert.get("butCodes", []) and ("onlyCodes" not in alert or code in alert["onlyCodes"])


def fires(workspace: Workspace, name: str, now: datetime = NOON) -> Fired:
    """A run of the alert's rule."""
    return evaluated(workspace, RULES[name], now)


def fresh(*lines: Iterable[Line]) -> Workspace:
    """A workspace with these rows."""
    workspace = Workspace()
    for each in lines:
        workspace.write(each)
    return workspace


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def traces(events: Iterable[Event], at: datetime, *, late: timedelta = timedelta()) -> Iterator[Line]:
    """Log lines of the app, all of one moment. ``late``: how long they are under way."""
    for event in events:
        values = {"Message": event.line, "SeverityLevel": 1, "AppRoleName": "func-caselle", "Type": "AppTraces"}
        yield Line("AppTraces", at, values, late)


def moved(operation: str, queue: str, at: datetime, status: str = "Success") -> Line:
    """A request of the storage account's queue log, in the form of Microsoft's example."""
    uri = f"https://stcaselle.queue.core.windows.net:443/{queue}/messages?timeout=30"
    values = {"OperationName": operation, "StatusText": status, "Uri": uri, "ServiceType": "queue", "Protocol": "HTTPS"}
    return Line("StorageQueueLogs", at, values)


def put(queue: str, at: datetime) -> Line:
    return moved("PutMessage", queue, at)


def taken(queue: str, at: datetime) -> Line:
    return moved("DeleteMessage", queue, at)


def request(at: datetime, *, name: str, code: str, url: str | None = None) -> Line:
    """What the functions host writes of one invocation; a queue or timer function has no address and the code 0."""
    ok = code in {"0", "200"}
    values = {"OperationName": name, "Name": name, "Success": ok, "ResultCode": code.removeprefix("-"), "Url": url}
    return Line("AppRequests", at, values)


def seen_from_outside(at: datetime, place: str, *, success: bool = True) -> Line:
    """One run of the availability test."""
    values = {"Name": "health-caselle-westus2-prod", "Location": place, "Success": success, "Message": "Passed"}
    return Line("AppAvailabilityResults", at, values)


def reached(since: datetime, until: datetime) -> Iterator[Line]:
    """Results of all places, every ten minutes."""
    at = since
    while at <= until:
        yield from (seen_from_outside(at, place) for place in PLACES)
        at += timedelta(minutes=10)
