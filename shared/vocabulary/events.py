"""Events: one line of JSON each, under a constant name that alerts, workbook and docs share."""

import json
import logging
from typing import Final

INFO: Final = logging.INFO
WARNING: Final = logging.WARNING
ERROR: Final = logging.ERROR

_LOG: Final = logging.getLogger("caselle")
_JSON: Final = json.JSONEncoder(default=str, ensure_ascii=False)


def emit(name: str, level: int = INFO, **fields: object) -> None:
    """Log ``{"event": name, ...fields}``; fields never hold a key, token, secret, email or payer name."""
    _LOG.log(level, "%s", _JSON.encode({"event": name, **fields}))
