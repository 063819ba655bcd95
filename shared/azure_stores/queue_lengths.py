"""How many messages lie in a queue, by the storage service's own count: hidden ones too."""

from typing import Final

from azure.core import AsyncPipelineClient
from azure.core.exceptions import ResourceNotFoundError, map_error
from azure.core.rest import AsyncHttpResponse, HttpRequest

from shared.azure_stores.answering import answering

VERSION: Final = "2020-10-02"
"""Of the service's interface, as every request names it."""

_PEER: Final = "queue service"
_COUNT: Final = "x-ms-approximate-messages-count"


class QueueLengths:
    """``shared.exchange.poison.Lengths`` by one GET each; the app writes queues through its host and has no client."""

    def __init__(self, client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse]) -> None:
        """Keep the client, which knows the service's address and how to sign in."""
        self._client = client

    async def length(self, queue: str) -> int:
        """About how many messages there are; none where there is no such queue.

        Raises:
            Unavailable: the service does not answer, or refuses.
        """
        with answering(_PEER):
            try:
                return int((await self._ask(queue)).headers[_COUNT])
            except ResourceNotFoundError:
                return 0

    async def _ask(self, queue: str) -> AsyncHttpResponse:
        answer = await self._client.send_request(HttpRequest("GET", self._client.format_url(f"/{queue}?comp=metadata")))
        map_error(answer.status_code, answer, {404: ResourceNotFoundError})
        answer.raise_for_status()
        return answer
