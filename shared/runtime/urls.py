"""Where the app may connect to: fixed hosts over TLS, nothing that a message could steer."""

import ipaddress
import re
from collections.abc import Container
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from shared.vocabulary.errors import Misconfigured

# Narrower than the standard library, which strips control characters and forgives broken brackets and ports.
_PLAIN: Final = re.compile(r"[\x21-\x7e]+")
_USUAL_PORT: Final = 443
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Two labels at least, and a letter first in the last one: no address of a machine, in whatever notation, is a name.
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}", re.ASCII)


class _Url(NamedTuple):
    scheme: str
    host: str
    port: int | None


def checked_url(setting: str, url: str, hosts: Container[str], *, allow_loopback: bool) -> str:
    """The URL of a peer, without a trailing slash; ``hosts`` are lower case.

    Raises:
        Misconfigured: not https to an allowed host on its usual port; plain http and other ports only to loopback.
            An address instead of a name is refused even where ``hosts`` lists it.
    """
    parts = _split(setting, url)
    if allow_loopback and _is_loopback(parts.host) and parts.scheme in {"http", "https"}:
        return url.rstrip("/")
    _demand_tls(setting, parts)
    if parts.host not in hosts:
        raise Misconfigured(f"setting {setting} names a host that CASELLE_ALLOWED_HOSTS does not list")
    return url.rstrip("/")


def azure_url(setting: str, url: str, *, allow_loopback: bool) -> str:
    """The URL of a service of Azure, or of a stamp; the setting itself is what allows its host.

    Raises:
        Misconfigured: not https to a host's name on its usual port; other ports only to loopback.
    """
    parts = _split(setting, url)
    if not (allow_loopback and _is_loopback(parts.host) and parts.scheme in {"http", "https"}):
        _demand_tls(setting, parts)
    return url


def _split(setting: str, url: str) -> _Url:
    try:
        parts = urlsplit(url)
        found = _Url(parts.scheme, parts.hostname or "", parts.port)
    except ValueError:
        found = _Url("", "", None)
        parts = urlsplit("")
    if not found.host or not _PLAIN.fullmatch(url) or "@" in parts.netloc or parts.query or parts.fragment:
        raise Misconfigured(f"setting {setting} is a plain URL: scheme, host and path")
    return found


def _demand_tls(setting: str, parts: _Url) -> None:
    if parts.scheme != "https" or parts.port not in {None, _USUAL_PORT}:
        raise Misconfigured(f"setting {setting} must be https on port 443")
    if not _NAME.fullmatch(parts.host):
        raise Misconfigured(f"setting {setting} must name its host, not address it")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
