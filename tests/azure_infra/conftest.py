"""What the alerts are run on: recorded events, and a workspace to write them into."""

import pytest

from tests.azure_infra.recorded import Recording, recording
from tests.azure_infra.workspace import Workspace


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Everything that the product tells, once for all workers of the run."""
    base = tmp_path_factory.getbasetemp()
    return recording(base.parent if base.name.startswith("popen-") else base)


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()
