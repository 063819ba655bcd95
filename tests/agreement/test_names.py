"""No docstring, comment or page names what is not there, and nothing stands at the top of a module unused."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from typer.main import get_command

from admin.app import app
from tests.agreement.names import ROOT, Names, other_files, python_files, read

pytestmark = pytest.mark.slow

GENERATED = ROOT / "docs/answer-classes.md"
"""Its rows are the tests' own and put together at run time; another test compares them."""
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "infra").rglob("*.md")]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

OUTSIDE = {
    "AzureFunctionsJobHost__a__b": "a setting of the host, by its rule",
    "CONNECT": "HTTP's method",
    "CustNo": "a header of somebody's sheet",
    "DeployStatus": "of Azure's deployment service",
    "PT30M": "a duration as Azure writes it",
    "Test_CLI_Up_Down_FuncApp": "the resource group of Azure's own tests",
    "Utility": "a class of the Functions host",
    "ApplyBindingData": "a method of the Functions host",
    "_check_zip_deployment_status_flex": "of the Azure command line",
    "addenda98": "a file of a NACHA library",
    "addenda99": "a file of a NACHA library",
    "copyIndex": "a function of ARM templates",
    "deleteEmptyServerFarm": "a parameter of Azure's API",
    "funcapp_host_client": "a file of the Azure Developer CLI",
    "set_paperless": "the made-up operation of a recipe",
    "stroke_width": "an attribute of SVG, as Python spells it",
    "useMonitor": "a setting of a trigger, as the host spells it",
}
"""Names that others have."""


HERE = Path(__file__)


@cache
def names():
    """All but those of this file, which names what is not there."""
    known = read([each for each in python_files() if each != HERE])
    for each in other_files():
        text = each.read_text(encoding="utf-8")
        known.words.update({*re.findall(r"\w+", text), *re.findall(r"[\w.]+", text)})
    return known


@cache
def file_names():
    return {str(each.relative_to(ROOT)) for each in [*python_files(), *other_files(), *PAGES]}


def wrong(token: str, known: Names, *, of_python: bool = True) -> str | None:
    """What is not there of a name between back-ticks, or None; on a page ``a.b`` may be a path in a message."""
    for pattern, missing in _KINDS.items():
        if found := re.match(pattern, token):
            return missing(found[1])
    if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*(\(\))?", token):
        return None
    parts = token.removesuffix("()").split(".")
    if ".".join(parts) in known.words:  # an event or a figure, which the code has as one text
        return None
    return (_no_member(parts, known) if of_python else None) or _no_word(parts, known)


def _no_file(name: str) -> str | None:
    return None if any(f"/{each}".endswith(f"/{name}") for each in file_names()) else f"no file {name}"


def _no_module(name: str) -> str | None:
    place = ROOT / name.replace(".", "/")
    return None if place.with_suffix(".py").exists() or place.is_dir() else f"no module {name}"


def _no_target(name: str) -> str | None:
    return None if name in TARGETS else f"no target {name}"


def _no_member(parts: list[str], known: Names) -> str | None:
    for owner, member in pairwise(parts):
        if owner in known.members and member not in known.members[owner] and not member.isdecimal():
            return f"{owner} has no {member}"
    return None


def _no_word(parts: list[str], known: Names) -> str | None:
    gone = [each for each in parts if not each.isdecimal() and each not in OUTSIDE and not known.has(each)]
    return f"nothing is called {gone[0]}" if gone else None


def _no_command(told: str) -> str | None:
    command, words = get_command(app), told.split()
    for word in words:
        inner = getattr(command, "commands", None)
        if inner is None:
            return None
        if word not in inner:
            return f"icadmin has no {' '.join(words)}"
        command = inner[word]
    return None


_KINDS = {
    r"([\w./-]*\w\.py|[\w./-]+/[\w.-]+\.(?:md|bicep|graphql|sh|yml))$": _no_file,
    r"python -m ((?:admin|bench|local|tests)[\w.]*)": _no_module,
    r"make ([a-z-]+)": _no_target,
    r"icadmin ((?:[a-z][a-z-]*(?: |$))+)": _no_command,
}


def test_no_docstring_or_comment_names_what_is_not_there():
    problems = [
        f"{file.relative_to(ROOT)}:{line}: {problem}"
        for file, line, text in names().prose
        for token in re.findall(r"``([^`]+)``", text)
        if (problem := wrong(token, names()))
    ]
    assert problems == []


def test_a_package_names_the_modules_that_it_has():
    """Where a package tells its modules one by one, each is there; a name of another kind says what it is."""
    for file, _, text in names().prose:
        if file.name != "__init__.py":
            continue
        for before, name in re.findall(r"(\w*) ?``([a-z_]+)``", text):
            there = (file.parent / f"{name}.py").exists() or (file.parent / name).is_dir()
            assert there or before == "queue", f"{file.relative_to(ROOT)} names {name}"


@pytest.mark.parametrize(
    "page", [each for each in PAGES if each != GENERATED], ids=lambda page: str(page.relative_to(ROOT))
)
def test_no_page_names_what_is_not_there(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    told = set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text))
    assert [problem for token in sorted(told) if (problem := wrong(token, names(), of_python=False))] == []


def test_nothing_at_the_top_of_a_module_is_unused():
    """What only tests use counts as used: it is there for them, and says so."""
    used = names().words + read([HERE]).words
    unused = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, name in names().top
        if not name.startswith(("__", "test_", "Test", "pytest")) and name not in used
    ]
    assert unused == []


GONE = [
    ("``shared/payments/gone.py``", "no file"),
    ("``python -m local.gone``", "no module"),
    ("``make gone``", "no target"),
    ("``icadmin biller gone``", "icadmin has no"),
    ("``send_once.gone``", "send_once has no gone"),
    ("``Ledger.gone``", "Ledger has no gone"),
    ("``a_name_that_is_gone``", "nothing is called"),
    ("``gone_by_now()``", "nothing is called"),
]


@pytest.mark.parametrize(("text", "told"), GONE)
def test_a_name_that_is_gone_is_seen(text, told):
    assert told in (wrong(text.strip("`"), names()) or "")


@pytest.mark.parametrize("token", ["send_once.first", "shared/ledger/rows.py", "payment.posted", "make demo", "4 h"])
def test_a_name_that_is_there_is_not(token):
    assert wrong(token, names()) is None
