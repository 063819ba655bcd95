"""Stands for the deployment endpoint of Flex Consumption (one deploy): takes a zip, swaps the app for it, tells how it went."""

import io
import itertools
import re
import uuid
import zipfile
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from tests.azure.cloud import entra
from tests.azure.cloud.site import Site
from tests.azure.cloud.wire import Request, Response, told

_DEPLOYERS: Final = re.compile(r"[\w-]+")
SUCCEEDED: Final = 4


class Publishing:
    """Of one app. Its answers have the members of a recording (azure-dev ae35809, ``Test_CLI_Up_Down_FuncApp``)."""

    def __init__(self, host: str, site: Site) -> None:
        self._host, self._site = host, site
        self.before: deque[Response] = deque()
        """Answers to publish that come before a package is taken."""
        self.told: deque[int | Response] = deque()
        """States, or whole answers, that come before the end of a deployment."""
        self.end = SUCCEEDED
        self.forgets = False
        """Whether the worker that knows of a deployment is recycled at its end."""
        self.swaps = True
        """Whether a deployment that succeeds changes the code that runs."""
        self.while_swapped: Callable[[], None] = lambda: None
        """What a test looks at while the code is swapped."""
        self._known: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def answer(self, request: Request) -> Response:
        token = entra.claims(request.headers.get("authorization", "").removeprefix("Bearer "))
        if token.get("aud") not in entra.MANAGEMENT:
            return Response(401, b"", {"WWW-Authenticate": "Bearer"})
        if (request.method, request.path) == ("POST", "/api/publish"):
            return self.before.popleft() if self.before else self._publish(request)
        found = re.fullmatch(r"/api/deployments/([\w-]+)", request.path)
        if request.method == "GET" and found:
            return self._state(found[1])
        return Response(404, b"Not Found", {"Content-Type": "text/plain"})

    def _publish(self, request: Request) -> Response:
        if (
            request.headers.get("content-type") != "application/zip"
            or request.query.get("remotebuild", "false").lower() != "false"
        ):
            return told(415, {"message": "Send a zip that needs no build."})
        if not _DEPLOYERS.fullmatch(request.query.get("deployer", "none")):
            return told(400, {"message": "Who deploys?"})
        try:
            package = zipfile.ZipFile(io.BytesIO(request.body))
        except zipfile.BadZipFile:
            return told(400, {"message": "The package is no zip."})
        self.while_swapped()
        if self.end == SUCCEEDED and self.swaps:
            self._site.swap(package)
        identifier = str(uuid.UUID(int=next(self._numbers)))
        self._known[identifier] = self.end
        where = f"https://{self._host}/api/deployments/{identifier}"
        return told(202, identifier, Location=where)

    def _state(self, identifier: str) -> Response:
        if identifier not in self._known:
            return Response(404, b"")
        if self.told:
            following = self.told.popleft()
            return following if isinstance(following, Response) else told(200, _described(identifier, following))
        if self.forgets:
            del self._known[identifier]
            return Response(404, b"")
        return told(200, _described(identifier, self._known[identifier]))


def _described(identifier: str, state: int) -> dict[str, Any]:
    done = state in {-1, 3, 4, 5, 6}
    text = {3: "The storage of the package does not answer.", 5: "Another one runs.", 6: "Two of three instances."}.get(
        state, ""
    )
    known = {"author": None, "message": "", "progress": "", "build_summary": None}
    return known | {"id": identifier, "status": state, "status_text": text, "deployer": "icadmin", "complete": done}
