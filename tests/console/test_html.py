"""Text stays text, whatever it is."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.console.html import Html, tag, text


class _Seen(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_data(self, data):
        self.text += data


@given(st.text(), st.text())
def test_any_text_comes_back_as_itself_and_makes_no_element(content, label):
    seen = _Seen(tag("td", content, data_label=label))
    [(name, [(key, value)])] = seen.tags
    assert (name, key) == ("td", "data-label")
    assert seen.text == "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in content)
    assert value == "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in label)


def test_only_markup_of_our_own_is_markup():
    inner = tag("b", "<script>")
    assert tag("p", inner, "<i>") == "<p><b>&lt;script&gt;</b>&lt;i&gt;</p>"
    assert isinstance(text("x"), Html)
    assert tag("p", None, 0, class_=None) == "<p>0</p>"


@pytest.mark.parametrize("sign", ["\u202e", "\u200f", "\x00", "\x1b", "\u2066"])
def test_what_cannot_be_seen_or_turns_the_writing_becomes_a_blank(sign):
    assert text(f"a{sign}b") == "a b"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//evil.example", "https://evil.example", "data:x", ""])
def test_no_address_leads_elsewhere(address):
    with pytest.raises(ValueError, match="leads into the console"):
        tag("a", "x", href=address)
