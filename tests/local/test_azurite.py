import os
import select
import signal
import socket
import stat
import subprocess
import sys
import uuid

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from local import azurite as azurite_module
from local.azurite import Azurite, Ports
from local.processes import ROOT, Child, NotReady

_ENDLESS = "import signal; signal.pause()"


def _python(tmp_path, script, **kwargs):
    return Child("helper", [sys.executable, "-c", script], log=tmp_path / "helper.log", **kwargs)


def test_azurite_serves_queues_and_tables(azurite):
    name = f"q{uuid.uuid4().hex}"
    with QueueClient.from_connection_string(azurite.connection_string, name) as queue:
        queue.create_queue()
        queue.send_message("hello")
        assert queue.receive_message().content == "hello"
    with TableServiceClient.from_connection_string(azurite.connection_string) as tables:
        table = tables.create_table(f"t{uuid.uuid4().hex}")
        table.create_entity({"PartitionKey": "a", "RowKey": "b", "n": 1})
        assert table.get_entity("a", "b")["n"] == 1


@pytest.mark.slow
def test_azurite_keeps_data_key_and_ports_over_a_restart(tmp_path):
    with Azurite(tmp_path) as first, QueueServiceClient.from_connection_string(first.connection_string) as service:
        service.create_queue("kept")
    with Azurite(tmp_path, first.ports) as second:
        assert second.connection_string == first.connection_string
        with QueueServiceClient.from_connection_string(second.connection_string) as service:
            assert [queue.name for queue in service.list_queues()] == ["kept"]
    assert stat.S_IMODE((tmp_path / "account.key").stat().st_mode) == 0o600
    assert first.key not in (tmp_path / "azurite.log").read_text()


def test_a_taken_port_is_named_in_one_sentence(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(NotReady, match=rf"^Port {port} is taken: Azurite's queue service cannot listen there\.$"):
            Azurite(tmp_path, Ports(queue=port))


def test_a_missing_package_says_make_setup(tmp_path, monkeypatch):
    monkeypatch.setattr(azurite_module, "_SCRIPT", tmp_path / "absent.js")
    with pytest.raises(NotReady, match="make setup"):
        Azurite(tmp_path)


def test_missing_node_says_make_setup(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReady, match="make setup"):
        Azurite(tmp_path)


@pytest.mark.slow
def test_ready_fields_stay_out_of_the_log(tmp_path):
    # It may be told to end as soon as it is ready, and prints first.
    script = (
        "import signal; from local.processes import announce_ready; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); announce_ready(secret='s3'); print('later')"
    )
    with _python(tmp_path, script) as child:
        assert child.wait_ready() == {"secret": "s3"}
    assert (tmp_path / "helper.log").read_text() == "later\n"


@pytest.mark.slow
def test_a_child_that_dies_first_is_reported_with_its_last_lines(tmp_path):
    child = _python(tmp_path, "import sys; sys.exit('no such city')")
    with pytest.raises(NotReady, match=r"helper ended before it was ready \(exit code 1\)\.\nno such city"):
        child.wait_ready()


@pytest.mark.slow
def test_a_child_that_is_never_ready_is_killed(tmp_path):
    child = _python(tmp_path, _ENDLESS)
    with pytest.raises(NotReady, match="not ready in time"):
        child.wait_ready(0.1)
    assert child.exit_code == -signal.SIGKILL


@pytest.mark.slow
def test_stop_kills_a_child_that_ignores_sigterm(tmp_path):
    ignores = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True); " + _ENDLESS
    child = _python(tmp_path, ignores)
    child.wait_line("set")
    child.stop(grace=0.1)
    assert child.exit_code == -signal.SIGKILL


def test_a_child_dies_with_a_parent_that_was_killed(tmp_path):
    lifeline = tmp_path / "lifeline"
    os.mkfifo(lifeline)
    grandchild = (
        f"import os; end = open({str(lifeline)!r}, 'w', buffering=1); print(os.getpid(), file=end); " + _ENDLESS
    )
    parent_script = (
        "import pathlib, signal, sys; from local.processes import Child; "
        "child = Child('grandchild', [sys.executable, '-c', sys.argv[1]], log=pathlib.Path(sys.argv[2])); "
        "signal.pause()"
    )
    command = [sys.executable, "-c", parent_script, grandchild, str(tmp_path / "grandchild.log")]
    with subprocess.Popen(command, cwd=ROOT) as parent, lifeline.open() as end:  # noqa: S603 - our own script
        pid = int(end.readline())
        parent.kill()
        ended, _, _ = select.select([end], [], [], 5)
        if not ended:
            os.kill(pid, signal.SIGKILL)
    assert ended
