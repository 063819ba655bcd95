"""Running hosts over the sample app, each with queues of its own."""

from contextlib import contextmanager

import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.services import FunctionsHost
from tests.local.sample_app import APPS, Queues, Sample


@pytest.fixture
async def queues(azurite):
    async with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        yield Queues(service)


@pytest.fixture(scope="session")
def start_sample(azurite):
    """Starts the sample app: ``with start_sample(folder, prefix, setting=...) as sample``."""

    @contextmanager
    def start(folder, prefix, queue_lease=600, **settings):
        environment = {
            "QUEUE_PREFIX": prefix,
            "MARKS": str(folder),
            "AzureFunctionsWebHost__hostid": prefix,
            **settings,
        }
        storage, log = azurite.connection_string, folder / "host.log"
        with FunctionsHost(
            APPS / "sample", storage=storage, log=log, queue_lease=queue_lease, settings=environment
        ) as host:
            yield Sample(folder, prefix, host)

    return start


@pytest.fixture(scope="session")
def sample(start_sample, tmp_path_factory):
    """The sample app as its ``host.json`` says, with three tries per message and a minute a second for timers."""
    settings = {"AzureFunctionsJobHost__extensions__queues__maxDequeueCount": "3", "TIME_DIVISOR": "60"}
    settings["AzureWebJobs.door_get.Disabled"] = "true"
    with start_sample(tmp_path_factory.mktemp("sample"), "shared", **settings) as running:
        yield running
