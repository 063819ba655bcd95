"""The local functions host: ``python -m local.host APP_DIR --port N [--queue-lease SECONDS]``.

Runs an unmodified Python v2 function app with HTTP, Storage queue and timer triggers and queue outputs, modelled on
the Azure Functions host, version 4. Settings come from ``host.json`` and the environment, as on the platform:
``AzureWebJobsStorage``, ``AzureFunctionsJobHost__...``, ``AzureFunctionsWebHost__hostid``,
``AzureWebJobs.NAME.Disabled``, ``AzureWebJobsDisableHomepage``, and here also ``LOCAL_HOST_MASTER_KEY`` and
``LOCAL_HOST_FUNCTION_KEY`` (an unset key opens nothing) and ``TIME_DIVISOR`` (the clock of timers runs that many times
as fast). Prints ``ready {"url"}`` when the app is indexed, every queue was looked into and it listens. Query strings,
bodies and messages are not logged; the app's own log records of invocations that run go to standard error, and so does
the text and stack of what a function raises.

The app runs in a process of its own, the worker, which is replaced when it dies or when a function is over
``functionTimeout``; its third exit in half an hour ends the host. A host that is killed leaves it to finish what it
runs. SIGTERM closes the door at once; queues and timers are listened to until nothing runs, for 10 seconds at most, 30
while an HTTP call is answered; what is cut off then stays hidden until its lease ends. A queue service that refuses
(403) ends the host at once, one that does not answer after 23 seconds.

It is a stand-in, compared with 4.1037 of the real host (queue extension 5.3.10, timers 5.1.0). What it still does
otherwise:

- A timer runs in every instance: there is no lease on it. ``ScheduleStatus`` is what this instance last wrote;
  ``useMonitor`` and ``runOnStartup`` are ignored. Times are UTC.
- JSON outputs are written anew by Python: dates with an offset, and numbers beyond a double, stay as they are.
- HTTP: a method that is no method, one in lower case, and Content-Length beside chunks are 400 (there 404, accepted,
  and an empty body); a damaged request is never 505; a key opens in its own spelling only; the home page is short; an
  HTTP function that is started by the admin call is not run; ``/admin/host/keys`` shows no values. HTTP/1.0 gets a
  length.
- A missing queue is not warned of at every look. Blocking code stalls the worker, and nothing else.
- A function over its time is put up with for 2 seconds more (there 2 to 10), and its log is not dropped meanwhile.
- Not here: input bindings, other triggers and connections, ``%setting%`` and binding expressions, retry policies,
  deferred bindings, HTTP streaming, route constraints but ``int``, defaults, request limits (429), key storage, drain
  calls, App Insights, hot reload. Never compared: App Service sign-in, the front end and the scale controller of Flex
  Consumption, specialization.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from local.host_settings import load_options, load_settings
from local.processes import NotReady
from local.workers import spawn

_DEFAULT_LEASE = 600


def _set_up_logging() -> None:
    """Plain lines on standard error; libraries that would log addresses with query strings only warn."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for name, level in (("azure", logging.WARNING), ("aiohttp.server", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.host", description="A local stand-in for Azure Functions.")
    parser.add_argument("app", type=Path, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--queue-lease", type=int, default=_DEFAULT_LEASE, metavar="SECONDS")
    arguments = parser.parse_args()
    app = arguments.app.resolve()
    _set_up_logging()
    try:
        settings = load_settings(app, os.environ)
        options = load_options(os.environ, port=arguments.port, queue_lease=arguments.queue_lease)
        worker = spawn(app)
        # Imported while the worker loads the app: each of them takes a good part of a second.
        from local.host_run import run  # noqa: PLC0415

        asyncio.run(run(app, worker, settings, options))
    except NotReady as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
