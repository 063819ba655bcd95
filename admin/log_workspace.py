"""Application Insights' ingestion endpoint: an admin's change lands in the table that holds the functions' events."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

SCOPE: Final = "https://monitor.azure.com/.default"
_SECONDS: Final = 10
_OK: Final = 200


class AppInsights:
    """A ``LogWorkspace``; the signed-in person needs the role Monitoring Metrics Publisher."""

    def __init__(self, connection_string: str, credential: "AsyncTokenCredential", clock: Clock) -> None:
        """``connection_string``: with ``InstrumentationKey`` and ``IngestionEndpoint``.

        Raises:
            Misconfigured: one of them is missing.
        """
        parts = dict(part.partition("=")[::2] for part in connection_string.split(";"))
        try:
            self._key, endpoint = parts["InstrumentationKey"], parts["IngestionEndpoint"]
        except KeyError as error:
            raise Misconfigured(f"the profile's app_insights has no {error.args[0]}") from None
        self._url = f"{endpoint.rstrip('/')}/v2.1/track"
        self._credential = credential
        self._clock = clock

    async def tell(self, event: Mapping[str, object]) -> None:
        """Send one event.

        Raises:
            Unavailable: it was not taken.
        """
        import httpx  # noqa: PLC0415 - only a change needs it
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - as above

        try:
            token = await self._credential.get_token(SCOPE)
            headers = {"Authorization": f"Bearer {token.token}"}
            async with httpx.AsyncClient(timeout=_SECONDS) as http:
                answer = await http.post(self._url, json=[self._envelope(event)], headers=headers)
        except (httpx.HTTPError, AzureError) as error:
            raise Unavailable(f"log workspace: {type(error).__name__}") from None
        if answer.status_code != _OK:
            raise Unavailable(f"log workspace: http_{answer.status_code}")

    def _envelope(self, event: Mapping[str, object]) -> dict[str, Any]:
        message = {"ver": 2, "message": json.dumps(event, default=str), "severityLevel": 1}
        return {
            "name": "Microsoft.ApplicationInsights.Message",
            "time": self._clock.now().isoformat(),
            "iKey": self._key,
            "tags": {"ai.cloud.role": "icadmin"},
            "data": {"baseType": "MessageData", "baseData": message},
        }
