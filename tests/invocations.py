"""Invocations as the platform has them: what is logged under one that has ended is lost."""

import json
import logging
from contextlib import contextmanager

from azure_functions_runtime.utils.executor import invocation_id_cv

from local.worker_log import OfRunningInvocations


class Invocations(logging.Handler):
    """Keeps the events that arrive, each with the invocation that told it."""

    def __init__(self):
        super().__init__()
        self._filter = OfRunningInvocations()
        self.addFilter(self._filter)
        self.arrived = []

    def emit(self, record):
        event = json.loads(record.getMessage())["event"]
        self.arrived.append((invocation_id_cv.get(), event))

    async def __call__(self, name, doing):
        """Do this as an invocation of that name."""
        token = invocation_id_cv.set(name)
        try:
            with self._filter.running(name):
                return await doing
        finally:
            invocation_id_cv.reset(token)


@contextmanager
def invocations():
    """All that ``caselle`` logs within, as far as the platform takes it."""
    log, handler = logging.getLogger("caselle"), Invocations()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
