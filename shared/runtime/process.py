"""The app of this process of the Functions host, made from its environment on first use."""

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.runtime.app import App


@cache
def app() -> "App":
    """The one app of this process.

    Raises:
        Misconfigured: a setting is missing or wrong; every function answers with its name until it is right.
    """
    from shared.runtime import telemetry
    from shared.runtime.app import App
    from shared.runtime.clock import SystemClock
    from shared.runtime.identity import managed_identity
    from shared.runtime.settings import Settings

    telemetry.set_up()
    settings = Settings.read(os.environ)
    return App(settings, cache(lambda: managed_identity(settings.client_id)), SystemClock())
