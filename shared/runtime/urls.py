"""Where the app may connect to: fixed hosts over TLS, nothing that a message could steer."""

import ipaddress
from collections.abc import Container
from urllib.parse import urlsplit

from shared.vocabulary.errors import Misconfigured


def checked_url(setting: str, url: str, hosts: Container[str], *, allow_loopback: bool) -> str:
    """The URL, without a trailing slash.

    Raises:
        Misconfigured: not https to an allowed host on its usual port; plain http and other ports only to loopback.
    """
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment or not parts.hostname:
        raise Misconfigured(f"setting {setting} is a plain URL: scheme, host and path")
    if allow_loopback and _is_loopback(parts.hostname) and parts.scheme in {"http", "https"}:
        return url.rstrip("/")
    if parts.scheme != "https" or parts.port not in {None, 443}:
        raise Misconfigured(f"setting {setting} must be https on port 443")
    if parts.hostname not in hosts:
        raise Misconfigured(f"setting {setting} names a host that CASELLE_ALLOWED_HOSTS does not list")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
