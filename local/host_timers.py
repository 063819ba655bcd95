"""The timer trigger: one function by its schedule, and one run at start that makes up for those that were missed."""

import asyncio
import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient

from local.host_activity import Activity
from local.host_functions import LOG, Runner
from local.host_storage import ONE_RETRY
from local.invocation import Datum, Function
from local.ncrontab import Schedule

_CONTAINER: Final = "azure-webjobs-hosts"
_NOTED_FROM: Final = timedelta(minutes=1)
"""Runs of a schedule with shorter pauses are noted nowhere, and none is made up for."""

type Status = dict[str, str]
"""``Last``, ``Next`` and ``LastUpdated``, as the platform writes them."""


class TimerStatus:
    """When each timer last ran: ``timers/HOST_ID/Host.Functions.NAME/status`` in the host's own container."""

    def __init__(self, connection_string: str, host_id: str) -> None:
        self._service = BlobServiceClient.from_connection_string(connection_string, **ONE_RETRY)
        self._host_id = host_id

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._service.close()

    async def read(self, function: str) -> Status | None:
        """None where it never ran, and where the storage does not say."""
        try:
            found = await self._blob(function).download_blob()
            status: Status = json.loads(await found.readall())
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            LOG.warning("function %s: its last run is not known: %s", function, type(error).__name__)
            return None
        return status

    async def write(self, function: str, status: Status) -> None:
        """Note it; the container is made when it is missing."""
        content = json.dumps(status)
        try:
            try:
                await self._blob(function).upload_blob(content, overwrite=True)
            except ResourceNotFoundError:
                await self._make()
                await self._blob(function).upload_blob(content, overwrite=True)
        except AzureError as error:
            LOG.warning("function %s: its run could not be noted: %s", function, type(error).__name__)

    async def _make(self) -> None:
        with suppress(ResourceExistsError):
            await self._service.create_container(_CONTAINER)

    def _blob(self, function: str) -> Any:  # noqa: ANN401 - the SDK's client
        return self._service.get_blob_client(_CONTAINER, f"timers/{self._host_id}/Host.Functions.{function}/status")


class TimerListener:
    """Calls one function when its schedule is due, one run at a time; a due time during a run is skipped.

    Args:
        divisor: its clock runs so many times as fast; 1 is real time.
    """

    def __init__(
        self,
        function: Function,
        runner: Runner,
        schedule: Schedule,
        divisor: float,
        *,
        status: TimerStatus,
        activity: Activity,
    ) -> None:
        self._function = function
        self._runner = runner
        self._schedule = schedule
        self._divisor = divisor
        self._status = status
        self._activity = activity
        self._started, self._origin = datetime.now(UTC), time.monotonic()
        self._is_noted = _next_pause(schedule, self._started) >= _NOTED_FROM
        self._noted: Status | None = None

    async def listen(self) -> None:
        """Make up for what was missed, then wait and run for ever."""
        if self._is_noted:
            await self._begin()
        while True:
            await asyncio.sleep(self._seconds_until_due())
            await self._run(past_due=False)

    async def _begin(self) -> None:
        """One run where one or more were due since the last that is known; a first start counts as one."""
        self._noted, now = await self._status.read(self._function.name), datetime.now(UTC)
        if self._noted is None:
            await self._note(now)
            return
        last = datetime.fromisoformat(self._noted["Last"])
        if self._schedule.after(last) <= last + (now - last) * self._divisor:
            await self._run(past_due=True)

    async def _run(self, *, past_due: bool) -> None:
        with self._activity.work():
            trigger = timer_trigger(past_due=past_due, status=self._noted)
            await self._runner.succeeds(self._function, trigger)
            if self._is_noted:
                await self._note(datetime.now(UTC))

    async def _note(self, last: datetime) -> None:
        times = {"Last": last, "Next": self._schedule.after(last), "LastUpdated": last}
        self._noted = {name: each.isoformat() for name, each in times.items()}
        await self._status.write(self._function.name, self._noted)

    def _seconds_until_due(self) -> float:
        now = self._started + timedelta(seconds=(time.monotonic() - self._origin) * self._divisor)
        return (self._schedule.after(now) - now).total_seconds() / self._divisor


def timer_trigger(*, past_due: bool = False, status: Status | None = None) -> Datum:
    """What a timer's function gets."""
    told = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
    return Datum(json.dumps(told), "json")


def _next_pause(schedule: Schedule, now: datetime) -> timedelta:
    """Between the next two runs."""
    following = schedule.after(now)
    return schedule.after(following) - following
