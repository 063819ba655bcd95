"""What the host is told of each function, and that the documents name the same queues."""

import re
from pathlib import Path

import azure.functions as func
import pytest

from functions.entry import entry
from functions.outputs import STORAGE
from shared.exchange.poison import QUEUES
from shared.ledger.entry import Kind
from tests.agreement.registered import FUNCTIONS
from tests.agreement.registered import bindings as _bindings
from tests.payments.world import World

ROOT = Path(__file__).parents[2]
READS = {
    "post_payments": "payments",
    "poison_payments": "payments-poison",
    "update_autopay": "autopay-changes",
    "update_registrations": "registrations",
    "poison_autopay_changes": "autopay-changes-poison",
    "poison_registrations": "registrations-poison",
    "drive_due": "due",
    "poison_due": "due-poison",
}


def test_every_file_of_functions_is_registered():
    """One that is left out would never run, and nobody would be told."""
    files = {path.stem for path in (ROOT / "functions").glob("*.py")} - {
        "__init__",
        "arrival",
        "console_pages",
        "entry",
        "outputs",
        "problems",
        "timers",
    }
    registered = {function.get_user_function().__module__.removeprefix("functions.") for function in FUNCTIONS.values()}
    assert registered == files


def test_every_function_tells_the_host_nothing_of_an_error_but_its_type():
    guarded = entry(entry).__code__
    assert {name for name, each in FUNCTIONS.items() if each.get_user_function().__code__ is not guarded} == set()


@pytest.mark.parametrize(("name", "queue"), READS.items())
def test_a_queue_function_reads_its_queue_and_may_write_both_others(name, queue):
    bindings = [each.get_dict_repr() for each in FUNCTIONS[name].get_bindings()]
    assert {(each["type"], each["queueName"], each["connection"]) for each in bindings} == {
        ("queueTrigger", queue, STORAGE),
        ("queue", "posting-results", STORAGE),
        ("queue", "due", STORAGE),
    }


def test_every_kind_of_message_can_be_driven():
    """One that cannot would lie in the ledger until somebody looks."""
    assert set(World().app.drive.drivers) == set(Kind)


def test_every_queue_that_is_read_has_somebody_for_its_poison():
    read = {each["queueName"] for each in _bindings("queueTrigger")}
    own = {name for name in read if not name.endswith("-poison")}
    assert read - own == {f"{name}-poison" for name in own}
    assert set(QUEUES) == own  # where somebody looks whether anything stays in there


@pytest.mark.parametrize(
    ("name", "route", "level"),
    [
        ("health", "health", func.AuthLevel.ANONYMOUS),
        ("ready", "ready", func.AuthLevel.FUNCTION),
        ("payment_status", "billers/{billerId}/payments/{paymentId}", func.AuthLevel.FUNCTION),
        ("open_items", "billers/{billerId}/customers/{customerNumber}/open-items", func.AuthLevel.FUNCTION),
        ("ICOAuthTokenProcessor", "ICOAuthTokenProcessor", func.AuthLevel.ANONYMOUS),
        # A browser has no function key: who looks is asked for inside.
        ("console", "console", func.AuthLevel.ANONYMOUS),
        ("console_biller", "console/billers/{billerId}", func.AuthLevel.ANONYMOUS),
        ("console_payment", "console/billers/{billerId}/payments/{paymentId}", func.AuthLevel.ANONYMOUS),
        ("console_development_sign_in", "console/development-sign-in", func.AuthLevel.ANONYMOUS),
    ],
)
def test_a_route_is_as_open_as_it_must_be(name, route, level):
    trigger = FUNCTIONS[name].get_trigger().get_dict_repr()
    assert (trigger["route"], trigger["authLevel"]) == (route, level)


def test_nothing_else_is_open_to_everyone():
    anonymous = {each["route"] for each in _bindings("httpTrigger") if each["authLevel"] is func.AuthLevel.ANONYMOUS}
    console = {route for route in anonymous if route.partition("/")[0] == "console"}
    assert anonymous - console == {"health", "ICOAuthTokenProcessor"}


def test_whatever_is_under_the_console_is_in_its_own_file():
    """There every page asks who looks; shown by tests/functions/test_console.py."""
    modules = {
        function.get_user_function().__module__
        for function in FUNCTIONS.values()
        if str(function.get_trigger().get_dict_repr().get("route", "")).startswith("console")
    }
    assert modules == {"functions.console"}


def test_the_contract_names_the_queues_that_the_functions_use():
    used = {each["queueName"] for kind in ("queueTrigger", "queue") for each in _bindings(kind)}
    section = (ROOT / "docs/contracts/README.md").read_text(encoding="utf-8").partition("## Queues")[2]
    named = set(re.findall(r"^\| `([a-z-]+)` \|", section.partition("\n## ")[0], re.MULTILINE))
    assert named == used


def test_the_contract_names_the_route_that_answers():
    text = (ROOT / "docs/contracts/README.md").read_text(encoding="utf-8")
    assert "GET /api/billers/{billerId}/payments/{paymentId}" in text
