"""Logging of the whole process: quiet libraries, and a filter that takes keys and tokens out of every line."""

import logging
import re
from typing import Final

_SECRETS: Final = (
    re.compile(r"((?:\b|%3f|%26)(?:bk|code|sig|key|state|\w*token|\w*secret)(?:=|%3d))[^&\s\"']+", re.IGNORECASE),
    # As a field of JSON or of a printed dict; our own events have fields named code, key and state.
    re.compile(r"([\"'](?:bk|\w*token|\w*secret|authorization)[\"']\s*:\s*[\"'])[^\"']+", re.IGNORECASE),
    re.compile(r"(bearer\s+)[A-Za-z0-9._~+/=-]+", re.IGNORECASE),
    re.compile(r"(AccountKey=)[^;\s\"']+"),
)
_NEAR_SECRETS: Final = ("bk", "code", "sig", "key", "state", "token", "secret", "authorization", "bearer")
"""One of these is in every text that a pattern finds something in; most lines have none."""
_LIBRARIES: Final = ("azure", "httpx", "httpcore", "aiohttp", "msal")


def redacted(text: str) -> str:
    """The text without what follows a secret's name."""
    lower = text.lower()
    # Only of plain ASCII: some other letters count as one of these where case is ignored.
    if text.isascii() and not any(word in lower for word in _NEAR_SECRETS):
        return text
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


class _Redaction(logging.Filter):
    """Works on the finished line, so that it sees what arguments bring in."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            line = record.getMessage()
        except (TypeError, ValueError):
            # Logging reports such a line by itself; a filter that raises would stop the caller.
            return True
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = redacted(record.exc_text) if record.exc_text else record.exc_text
        record.msg, record.args = redacted(line), None
        return True


def set_up() -> None:
    """Quieten libraries and redact on every root handler; may be called again."""
    for library in _LIBRARIES:
        # At INFO these log whole URLs, and the callback's key is part of one.
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("caselle").setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        if not any(isinstance(each, _Redaction) for each in handler.filters):
            handler.addFilter(_Redaction())
