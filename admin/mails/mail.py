"""A mail as paragraphs and lists, written once and rendered as text, HTML and a draft for a mail program."""

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final

_WIDTH: Final = 78


@dataclass(frozen=True, slots=True)
class Items:
    """A numbered list."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Literal:
    """Text to be copied as it is, for example a URL: never wrapped."""

    text: str


type Block = str | Items | Literal


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. ``to`` is an address, where one is known."""

    name: str
    to: str | None
    subject: str
    blocks: Sequence[Block]


def as_text(mail: Mail) -> str:
    """For mail programs without HTML."""
    return "\n\n".join([f"Subject: {mail.subject}", *(_text(block) for block in mail.blocks)]) + "\n"


def as_html(mail: Mail) -> str:
    """One page without links, images or scripts."""
    body = "\n".join(_html(block) for block in mail.blocks)
    head = f'<head><meta charset="utf-8"><title>{html.escape(mail.subject)}</title></head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n{body}\n</body></html>\n'


def as_draft(mail: Mail, attached: Sequence[Path] = ()) -> bytes:
    """A message that mail programs open for sending; whoever sends it is its sender.

    Raises:
        OSError: an attachment cannot be read.
    """
    draft = EmailMessage()
    draft["X-Unsent"] = "1"
    draft["Subject"] = mail.subject
    if mail.to:
        draft["To"] = mail.to
    draft.set_content("\n\n".join(_text(block) for block in mail.blocks) + "\n")
    draft.add_alternative(as_html(mail), subtype="html")
    for path in attached:
        draft.add_attachment(path.read_bytes(), maintype="application", subtype="octet-stream", filename=path.name)
    return draft.as_bytes()


def _text(block: Block) -> str:
    match block:
        case Items(items):
            numbered = (f"{number}. {item}" for number, item in enumerate(items, start=1))
            return "\n".join(textwrap.fill(item, _WIDTH, subsequent_indent="   ") for item in numbered)
        case Literal(text):
            return f"    {text}"
        case str():
            return textwrap.fill(block, _WIDTH)


def _html(block: Block) -> str:
    match block:
        case Items(items):
            listed = "".join(f"<li>{html.escape(item)}</li>" for item in items)
            return f"<ol>{listed}</ol>"
        case Literal(text):
            return f"<pre>{html.escape(text)}</pre>"
        case str():
            return f"<p>{html.escape(block)}</p>"
