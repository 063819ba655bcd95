"""What the conformance tests of every table share."""

import uuid

import pytest
from azure.data.tables.aio import TableClient


@pytest.fixture
async def table(azurite):
    """A table of the test's own."""
    name = f"t{uuid.uuid4().hex}"
    async with TableClient.from_connection_string(azurite.connection_string, name) as client:
        await client.create_table()
        yield client
