"""What the local vault keeps: secrets with versions, soft delete and recovery, as Key Vault's REST API shows them."""

import re
import secrets
import time
from pathlib import Path
from typing import Any, Final

from local.private_files import read_json, write_private_json

type Json = dict[str, Any]

_NAME: Final = re.compile(r"[0-9a-zA-Z-]{1,127}", re.ASCII)
_LONGEST_VALUE: Final = 25 * 1024
_RETENTION_SECONDS: Final = 90 * 24 * 3600
_SETTABLE: Final = ("enabled", "nbf", "exp")


class Refusal(Exception):
    """An answer other than success: HTTP status, Key Vault's error code and, for some, its inner code."""

    def __init__(self, status: int, code: str, inner: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.inner = inner


class Secrets:
    """Every secret of one vault, kept in a JSON file.

    A name is found in any letter case. Unknown names, versions and deleted secrets raise ``Refusal`` 404.
    """

    def __init__(self, file: Path, vault_url: str) -> None:
        self._file = file
        self._vault_url = vault_url
        self._secrets = read_json(file)

    def set(self, name: str, body: Json) -> Json:
        """Add a version. A soft-deleted name is refused with 409 until it is recovered or purged."""
        value = body.get("value")
        if not _NAME.fullmatch(name) or not isinstance(value, str) or len(value.encode()) > _LONGEST_VALUE:
            raise Refusal(400, "BadParameter")
        secret = self._secrets.setdefault(name.lower(), {"name": name, "versions": [], "deletedDate": None})
        if secret["deletedDate"] is not None:
            raise Refusal(409, "Conflict", "ObjectIsDeletedButRecoverable")
        now = int(time.time())
        version = {"version": secrets.token_hex(16), "value": value, "attributes": {"enabled": True, "created": now}}
        secret["versions"].append(version)
        _apply(version, body, now)
        self._save()
        return self._bundle(secret, version) | {"value": value}

    def get(self, name: str, version_id: str) -> Json:
        """One version with its value, the latest for an empty id; a disabled one is refused with 403."""
        secret = self._live(name)
        version = _version(secret, version_id)
        if not version["attributes"]["enabled"]:
            raise Refusal(403, "Forbidden", "SecretDisabled")
        return self._bundle(secret, version) | {"value": version["value"]}

    def update(self, name: str, version_id: str, body: Json) -> Json:
        """Change content type, tags, ``enabled``, ``nbf`` and ``exp`` of a version; what is absent stays."""
        secret = self._live(name)
        version = _version(secret, version_id)
        _apply(version, body, int(time.time()))
        self._save()
        return self._bundle(secret, version)

    def versions(self, name: str) -> list[Json]:
        secret = self._live(name)
        return [self._bundle(secret, version) for version in secret["versions"]]

    def all(self) -> list[Json]:
        live = (secret for secret in self._secrets.values() if secret["deletedDate"] is None)
        return [self._item(secret) for secret in live]

    def delete(self, name: str) -> Json:
        """Soft-delete every version."""
        secret = self._live(name)
        secret["deletedDate"] = int(time.time())
        self._save()
        return self.get_deleted(name)

    def get_deleted(self, name: str) -> Json:
        secret = self._deleted(name)
        return self._bundle(secret, secret["versions"][-1]) | self._deletion(secret)

    def all_deleted(self) -> list[Json]:
        deleted = (secret for secret in self._secrets.values() if secret["deletedDate"] is not None)
        return [self._item(secret) | self._deletion(secret) for secret in deleted]

    def recover(self, name: str) -> Json:
        secret = self._deleted(name)
        secret["deletedDate"] = None
        self._save()
        return self._bundle(secret, secret["versions"][-1])

    def purge(self, name: str) -> None:
        self._deleted(name)
        del self._secrets[name.lower()]
        self._save()

    def _live(self, name: str) -> Json:
        return self._find(name, deleted=False)

    def _deleted(self, name: str) -> Json:
        return self._find(name, deleted=True)

    def _find(self, name: str, *, deleted: bool) -> Json:
        secret: Json | None = self._secrets.get(name.lower())
        if secret is None or (secret["deletedDate"] is not None) != deleted:
            raise Refusal(404, "SecretNotFound")
        return secret

    def _bundle(self, secret: Json, version: Json) -> Json:
        identifier = f"{self._vault_url}/secrets/{secret['name']}/{version['version']}"
        return {"id": identifier} | {key: version[key] for key in ("attributes", "contentType", "tags")}

    def _item(self, secret: Json) -> Json:
        return self._bundle(secret, secret["versions"][-1]) | {"id": f"{self._vault_url}/secrets/{secret['name']}"}

    def _deletion(self, secret: Json) -> Json:
        return {
            "recoveryId": f"{self._vault_url}/deletedsecrets/{secret['name']}",
            "deletedDate": secret["deletedDate"],
            "scheduledPurgeDate": secret["deletedDate"] + _RETENTION_SECONDS,
        }

    def _save(self) -> None:
        write_private_json(self._file, self._secrets)


def _version(secret: Json, version_id: str) -> Json:
    if not version_id:
        latest: Json = secret["versions"][-1]
        return latest
    for version in secret["versions"]:
        if version["version"] == version_id:
            found: Json = version
            return found
    raise Refusal(404, "SecretNotFound")


def _apply(version: Json, body: Json, now: int) -> None:
    attributes = body.get("attributes") or {}
    given = {key: attributes[key] for key in _SETTABLE if attributes.get(key) is not None}
    version["attributes"] |= given | {"updated": now, "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}
    for key in ("contentType", "tags"):
        version[key] = body[key] if body.get(key) is not None else version.get(key)
