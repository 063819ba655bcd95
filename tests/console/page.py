"""What a person would read off a page of the console."""

from html.parser import HTMLParser

VOID = {"meta"}


class Page(HTMLParser):
    """Tables by id as rows of heading to text, ``figures`` by id, headings, links by their text, and all text."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.ids, self.links, self.facts, self.elements = {}, {}, {}, {}, []
        self._open, self._row, self._term = [], None, None
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.elements.append((tag, named))
        if tag == "tr" and self._within("tbody"):
            self._row = {}
            self.tables[self._within("table")["attrs"]["id"]].append(self._row)
        if tag == "table":
            self.tables[named["id"]] = []
        if tag not in VOID:
            self._open.append({"tag": tag, "attrs": named, "text": ""})

    def handle_data(self, data):
        for each in self._open:
            each["text"] += data

    def handle_endtag(self, tag):
        ended = self._open.pop()
        assert ended["tag"] == tag, f"{ended['tag']} is closed by {tag}"
        words = " ".join(ended["text"].split())
        if "id" in ended["attrs"]:
            self.ids[ended["attrs"]["id"]] = words
        if tag == "td":
            self._row[ended["attrs"]["data-label"]] = words
        if tag == "a":
            self.links[words] = ended["attrs"]["href"]
        if tag == "dt":
            self._term = words
        if tag == "dd":
            self.facts[self._term] = words
        if tag == "html":
            self.text = words

    def _within(self, tag):
        return next((each for each in self._open if each["tag"] == tag), None)

    def row(self, table, start):
        """The row whose first cell begins so."""
        [found] = [row for row in self.tables[table] if next(iter(row.values())).startswith(start)]
        return found
