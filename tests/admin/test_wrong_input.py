"""Whatever is typed: an exit code that is documented, a sentence, and never a traceback."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from admin.app import app
from admin.errors import WrongUse
from tests.agreement.test_run_page import commands

DOCUMENTED = {0, 1, 2, 3}
X = object()
"""Where something odd is typed."""


def in_order(said):
    return said.code in DOCUMENTED and "Traceback" not in said.out + said.err and "should not happen" not in said.err


WRONG = [
    (),
    ("bogus",),
    ("--bogus",),
    ("biller",),
    ("biller", "bogus"),
    ("biller", "add"),
    ("biller", "add", "x", "y", "z"),
    ("biller", "add", "31", "", "America/Denver", "--yes"),
    ("biller", "add", "31", "Ada", "", "--yes"),
    ("biller", "add", "31", "Ada", "../../etc/passwd", "--yes"),
    ("biller", "add", "31", "Ada", "UTC", "--region", "", "--bogus"),
    ("biller", "set"),
    ("biller", "set", "2493", "a.b.c.d.e=1"),
    ("biller", "set", "2493", "applications=1"),
    ("biller", "set", "2493", "applications.AR=1"),
    ("biller", "set", "2493", "contacts.csm.name.x=1"),
    ("biller", "import", "/"),
    ("biller", "import", "/dev/null"),
    ("biller", "export", "a/b"),
    ("biller", "export", "2493", "--out", "/nowhere/file"),
    ("biller", "copy", "32", "Ada", "--from", "2493x"),
    ("biller", "copy", "32", "Ada"),
    ("biller", "email", "2493"),
    ("biller", "email", "2493", "--secure-channel", "x", "--out", "/dev/null/x"),
    ("biller", "check", "2493", "--post-and-void"),
    ("biller", "confirm", "2493"),
    ("biller", "confirm", "2493", "bogus", "--reason", "x"),
    ("biller", "go-live", "2493"),
    ("biller", "go-live", "2493", "--at", "9999-12-31T23:59:59", "--yes"),
    ("biller", "pause", "2493"),
    ("biller", "pause", "2493", "--reason", "x", "--until", "0001-01-01T00:00"),
    ("biller", "unblock", "2493"),
    ("biller", "shadow", "2493", "--yes"),
    ("biller", "move", "2493", "--region", "x", "--reason", "y"),
    ("biller", "move", "2493", "--region", "x", "--reason", "y", "--to", "nowhere"),
    ("biller", "retire", "2493x", "--reason", "x"),
    ("key", "add", "2493"),
    ("key", "revoke", "2493", "zzz", "--reason", "x", "--yes"),
    ("key", "rotate", "2493", "--days", "-1"),
    ("key", "rotate", "2493", "--days", "many"),
    ("token", "paste", "2493", "--expires", "32.13.2026"),
    ("token", "show", "0"),
    ("token", "renew", "2493x"),
    ("status", "../.."),
    ("audit", "--days", "0"),
    ("audit", "--days", "99999999999999999999"),
    ("support-incident",),
    ("support-incident", "2493/" + "x" * 500),
    ("--stamp",),
    ("--local-state", "/nowhere", "status"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=lambda arguments: " ".join(arguments)[:60] or "nothing")
def test_wrong_use_is_one_sentence(icadmin, arguments):
    said = icadmin(*arguments)
    assert in_order(said), said.err
    assert said.code == 2 or arguments == (), (said.code, said.out, said.err)
    assert said.out + said.err


TEMPLATES = [
    ("biller", "show", X),
    ("biller", "set", "2493", X),
    ("biller", "set", "2493", "name", X),
    ("biller", "import", X),
    ("biller", "export", X),
    ("biller", "copy", X, X, "--from", X),
    ("biller", "go-live", "2493", "--at", X),
    ("biller", "pause", "2493", "--reason", X, "--until", X),
    ("biller", "check", "2493", "--post-and-void", X, "--customer", X),
    ("biller", "confirm", "2493", X, "--reason", X),
    ("key", "add", "2493", "--existing-url", X),
    ("key", "revoke", "2493", X, "--reason", X),
    ("token", "paste", "2493", "--expires", X),
    ("status", X),
    ("audit", X),
    ("support-incident", X),
]
# The system passes no NUL, and bytes that are no UTF-8 as lone surrogates.
ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        " ",
        "=",
        "a=",
        ".",
        "/",
        "../..",
        "-",
        "--",
        "\udcff",
        "name=\udcff",
        "2493/\udcff",
        "\x1b[31m",
        "9" * 400,
        "[red]",
        "{}",
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(template=st.sampled_from(TEMPLATES), odd=st.lists(ODD, min_size=3, max_size=3), typed=ODD)
@example(template=("biller", "set", "2493", X), odd=["name=\udcff", "", ""], typed="y\n")
@example(template=("status", X), odd=["\x1b[31m", "", ""], typed="")
@example(template=("status", X), odd=["", "", ""], typed="")
def test_odd_arguments_never_show_a_traceback(icadmin, template, odd, typed):
    words = iter(odd)
    said = icadmin(*(next(words) if word is X else word for word in template), typed=typed)
    assert in_order(said), (said.code, said.err)
    assert "\x1b" not in said.out


@pytest.mark.parametrize("command", sorted(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(run, command):
    said = run(*command, "--help")
    assert said.code == 0
    assert "Example:" in said.out or command[0] in {"contract", "customers", "images", "invoices", "deploy"}


def test_completion_is_there(run):
    assert "icadmin" in run("--show-completion", "bash").out or app.info.name == "icadmin"


def test_a_fault_of_the_program_is_one_sentence_too(run, monkeypatch):
    def broken(_):
        raise KeyError("secret-value")

    monkeypatch.setattr("admin.status.at_stamp", broken)
    said = run("--local", "status")
    assert (said.code, "secret-value" in said.err) == (1, False)
    assert said.err == "This should not happen (KeyError). ICADMIN_DEBUG=1 shows where.\n"
    monkeypatch.setattr("admin.status.at_stamp", lambda _: (_ for _ in ()).throw(WrongUse("No.")))
    assert run("--local", "status").err == "No.\n"
