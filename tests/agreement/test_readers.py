"""Pages by reader: every page is listed once, every link leads somewhere, and every folder has its line."""

import re
from functools import cache

import pytest

from tests.agreement.names import ROOT, read
from tests.agreement.test_names import PAGES

DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def links(page):
    """Where a page leads within the project: file and section."""
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" not in target:
            path, _, section = target.partition("#")
            yield target, (page.parent / path).resolve() if path else page, section


@cache
def sections(page):
    """The anchors of its headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each).lower() for each in heads)
    return {re.sub(r"[^\w\- ]", "", each).replace(" ", "-") for each in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for target, path, section in links(page):
        assert path.exists(), target
        assert not section or path.suffix != ".md" or section in sections(path), target


def test_every_page_of_docs_is_listed_once():
    listed = sorted(path for _, path, section in links(INDEX) if not section)
    assert listed == sorted(each for each in DOCS.rglob("*.md") if each != INDEX)


def test_the_names_on_a_payment_s_way_are_in_their_files():
    way = re.findall(
        r"^\d+\. \[`[^`]+`\]\(([^)]+)\) - ((?:`\w+`,? ?)+)", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert len(way) == 4
    for path, named in way:
        assert [
            each for each in re.findall(r"`(\w+)`", named) if each not in read([ROOT / path]).members[each_stem(path)]
        ] == []


def each_stem(path):
    return path.rpartition("/")[2].removesuffix(".py")


def test_every_folder_has_its_place():
    """What a folder is for stands in CONTRIBUTING, in the tree of where a thing belongs."""
    tree = re.search(r"## Where a thing belongs\n\n```\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[1]
    told = set(re.findall(r"^(\w+)/", tree, re.MULTILINE))
    code = {each.parent.name for each in ROOT.glob("*/__init__.py")}
    assert code | {"infra", "tests", "docs"} <= told
    inner = {word for line in re.findall(r"^  (\w.*)$", tree, re.MULTILINE) for word in re.split(r"  +", line)[:-1]}
    assert {word for each in inner for word in each.split()} == {
        each.parent.name for each in ROOT.glob("shared/*/__init__.py")
    }


def test_a_recipe_for_each_thing_that_grows():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    heads = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert heads == ["An operation of Caselle", "A setting", "An event", "An alert"]
