"""Signs requests to a storage account's queues with its key; for one machine, a stamp has an identity instead."""

import base64
import hmac
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import HttpRequest

from shared.vocabulary.clock import Clock

_PLAIN_HEADERS: Final = 11
"""Standard headers that a signature names one by one; a GET without a body has none of them."""


class SharedKeyPolicy(SansIOHTTPPolicy[HttpRequest, Any]):
    """The scheme ``SharedKey`` of blobs and queues, for a GET; tables have another one."""

    def __init__(self, account: str, key: str, clock: Clock) -> None:
        """``key``: as a connection string has it, base64."""
        super().__init__()
        self._account = account
        self._key = base64.b64decode(key)
        self._clock = clock

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Date and sign it, on every try."""
        sent = request.http_request
        sent.headers["x-ms-date"] = format_datetime(self._clock.now(), usegmt=True)
        digest = hmac.digest(self._key, self._text(sent).encode(), "sha256")
        sent.headers["Authorization"] = f"SharedKey {self._account}:{base64.b64encode(digest).decode()}"

    def _text(self, sent: HttpRequest) -> str:
        """What is signed: method, standard headers, those of the service, the resource, its query."""
        url = urlsplit(sent.url)
        own = [(name.lower(), value) for name, value in sent.headers.items() if name.lower().startswith("x-ms-")]
        headers, query = ([f"{name}:{value}" for name, value in sorted(each)] for each in (own, parse_qsl(url.query)))
        return "\n".join([sent.method, *[""] * _PLAIN_HEADERS, *headers, f"/{self._account}{url.path}", *query])
