"""The fields of a callback: JSON, form or query, all as text under one spelling of their names."""

import json
from collections.abc import Iterable, Mapping
from typing import Final, Never
from urllib.parse import parse_qsl

from shared.vocabulary.errors import Malformed

MOST_BYTES: Final = 16 * 1024
"""A body above this is not read; a delivery is a few hundred bytes."""

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


class DeliveryRefused(Malformed):
    """A callback that delivers no token we can keep; ``field`` names the field to be put right."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class BodyTooLarge(Malformed):
    """A body above ``MOST_BYTES``."""


class UnsupportedContentType(Malformed):
    """A body that is neither JSON nor a form."""


class Fields:
    """Fields by name, whatever the letter case and whether words are joined by ``_``, ``-`` or nothing."""

    def __init__(self, pairs: Iterable[tuple[str, str]], *, url_encoded: bool, repeats_joined: bool = False) -> None:
        """``repeats_joined``: the host has made one value of several, with a comma between them."""
        self.url_encoded = url_encoded
        self.repeats_joined = repeats_joined
        self._given: dict[str, list[tuple[str, str]]] = {}
        for name, value in pairs:
            if value.strip():
                self._given.setdefault(_plain(name), []).append((name.strip(), value.strip()))

    def first(self, *spellings: str) -> tuple[str, str] | None:
        """The first of these fields that is there and not blank, as (name as it was sent, text).

        Raises:
            DeliveryRefused: that field is given more than once, with different values.
        """
        given = next((self._given[name] for name in map(_plain, spellings) if name in self._given), None)
        if given is None:
            return None
        if len({text for _, text in given}) > 1:
            raise DeliveryRefused(given[0][0], "given more than once, with different values")
        return given[0]


def read_fields(content_type: str, body: bytes, query: Mapping[str, str]) -> Fields:
    """The fields of the body, or those of the query where there is no body.

    Raises:
        BodyTooLarge: the body is above ``MOST_BYTES``; it is not looked at.
        UnsupportedContentType: there is a body, neither JSON nor form.
        DeliveryRefused: the body is not what its content type says.
    """
    if len(body) > MOST_BYTES:
        raise BodyTooLarge(f"a delivery has at most {MOST_BYTES} bytes")
    if not body:
        return Fields(query.items(), url_encoded=True, repeats_joined=True)
    kind = media_type(content_type)
    if kind is None:
        raise UnsupportedContentType("a delivery is JSON, a form or a query")
    if kind == _JSON:
        return read_json_fields(body)
    return Fields(_form_pairs(_text(body)), url_encoded=True)


def media_type(content_type: str) -> str | None:
    """JSON's or the form's, plain; None for any other content type."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind if kind in {_JSON, _FORM} else None


def read_json_fields(body: bytes) -> Fields:
    """The fields of a JSON object, those that are objects or lists left out.

    Raises:
        DeliveryRefused: the body is no JSON object in UTF-8, or has a name twice.
    """
    return Fields(_json_pairs(_text(body)), url_encoded=False)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DeliveryRefused("body", "not UTF-8") from None


def _form_pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, errors="strict")
    except ValueError:
        raise DeliveryRefused("body", "not a form") from None


def _json_pairs(text: str) -> list[tuple[str, str]]:
    try:
        # Pairs, not a dict, so that a repeated name is seen; numbers stay the text they were.
        found = json.loads(
            text, object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise DeliveryRefused("body", "not JSON") from None
    if not isinstance(found, tuple):
        raise DeliveryRefused("body", "not a JSON object")
    return [(name, value) for name, value in found if isinstance(value, str)]


def _object(pairs: list[tuple[str, object]]) -> tuple[tuple[str, object], ...]:
    # Which of two counts is read differently by different parsers, so neither does.
    if len({name for name, _ in pairs}) < len(pairs):
        raise DeliveryRefused("body", "a name is given twice")
    return tuple(pairs)


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "")
