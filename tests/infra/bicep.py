"""Microsoft's Bicep compiler, asked over JSON-RPC: one process answers many questions, each in a third of a second."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

ROOT: Final = Path(__file__).parents[2]

NONE_FOUND: Final = "no Bicep compiler: put `bicep` on the path or name it in BICEP (`az bicep install` gets one)"

TENANT: Final = "00000000-0000-0000-0000-000000000001"
SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000002"
"""Made up: names that Azure works out of its ids come out alike on every machine."""


def found() -> Path | None:
    """The compiler of this machine: by the variable BICEP, on the path, beside ``az``, or beside the checkout."""
    named, on_path = os.environ.get("BICEP"), shutil.which("bicep")
    configured = Path(os.environ.get("AZURE_CONFIG_DIR") or Path.home() / ".azure") / "bin/bicep"
    places = [Path(each) for each in (named, on_path) if each]
    return next((each for each in (*places, configured, ROOT / "../shared/bin/bicep") if each.is_file()), None)


class Refused(Exception):
    """It gives no answer; its message is the compiler's."""


@dataclass(frozen=True)
class Diagnostic:
    """One finding of compiler or linter."""

    file: str
    """Name of the file, without its folders."""
    line: int
    level: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.level.lower()} {self.code}: {self.message}"


class Built(NamedTuple):
    """What compiling a parameter file gives: empty parts where there are errors."""

    diagnostics: list[Diagnostic]
    parameters: dict[str, Any]
    template: dict[str, Any]


class Bicep:
    """A compiler that runs until it is closed."""

    def __init__(self, program: Path) -> None:
        environment = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", **os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - the compiler, with a fixed command
            [program, "jsonrpc", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        self._process.wait(10)

    def version(self) -> str:
        return str(self._ask("version")["version"])

    def compile(self, template: Path) -> dict[str, Any]:
        """The template as ARM's JSON.

        Raises:
            Refused: it has errors.
        """
        answer = self._ask("compile", path=str(template))
        if not answer["success"]:
            raise Refused("\n".join(map(str, _read(answer["diagnostics"]))))
        compiled: dict[str, Any] = json.loads(answer["contents"])
        return compiled

    def diagnostics(self, file: Path) -> list[Diagnostic]:
        """What compiler and linter have to say of a template or a parameter file, and of what it uses."""
        if file.suffix == ".bicepparam":
            return self.build(file).diagnostics
        return _read(self._ask("compile", path=str(file))["diagnostics"])

    def build(self, parameters: Path) -> Built:
        """A parameter file and its template."""
        answer = self._ask("compileParams", path=str(parameters), parameterOverrides={})
        made = {name: json.loads(answer.get(name) or "{}") for name in ("parameters", "template")}
        return Built(_read(answer["diagnostics"]), **made)

    def snapshot(self, parameters: Path) -> dict[str, Any]:
        """The deployment of a parameter file, evaluated into its resources: ``{"predictedResources": [...], ...}``.

        Raises:
            Refused: there are errors.
        """
        metadata = {
            "tenantId": TENANT,
            "subscriptionId": SUBSCRIPTION,
            "location": "westus2",
            "deploymentName": "snapshot",
        }
        text = self._ask("getSnapshot", path=str(parameters), metadata=metadata)["snapshot"]
        evaluated: dict[str, Any] = json.loads(text)
        # The compiler gives outputs in another order each time.
        return evaluated | {"outputs": dict(sorted(evaluated["outputs"].items()))}

    def formatted(self, file: Path) -> str:
        """The file's text as the formatter would write it."""
        return str(self._ask("format", path=str(file))["contents"])

    def _ask(self, method: str, **params: object) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("it was started with pipes")
        self._asked += 1
        question = {"jsonrpc": "2.0", "id": self._asked, "method": f"bicep/{method}", "params": params}
        body = json.dumps(question).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        answer: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result


def _read(diagnostics: list[dict[str, Any]]) -> list[Diagnostic]:
    """In the order of the files: the compiler has another one each time."""
    found = [
        Diagnostic(
            file=Path(each["source"]).name,
            line=each["range"]["start"]["line"] + 1,
            level=each["level"],
            code=each["code"],
            message=each["message"],
        )
        for each in diagnostics
    ]
    return sorted(found, key=lambda each: (each.file, each.line, each.code, each.message))
