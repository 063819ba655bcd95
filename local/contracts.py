"""``python -m local.contracts``: writes what ``docs/contracts`` says from what the code does.

``python -m local.contracts keep 1.1`` keeps the contract as it is now under that number.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from local import contract_versions
from local.json_schema import Plain
from local.openapi import document
from shared.customers.message import AutopayChange, Registration
from shared.exchange.reasons import REASONS
from shared.exchange.result import PostingResult
from shared.payments.message import PaymentMessage
from shared.reconciliation.control_totals import ControlTotal
from shared.reversals.message import AchReject, Reversal

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "contracts"
VERSIONS: Final = FOLDER / "versions"

_DIALECT: Final = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
_REASONS: Final = re.compile(r"(<!-- reasons: [^>]*-->\n).*?(<!-- end of reasons -->)", re.DOTALL)


def documents() -> dict[str, str]:
    """Every generated file by its name in ``docs/contracts``; the README with its table renewed."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    return {
        "payments.schema.json": _text(PaymentMessage.model_json_schema(schema_generator=Plain)),
        "ach-rejects.schema.json": _text(AchReject.model_json_schema(schema_generator=Plain)),
        "reversals.schema.json": _text(Reversal.model_json_schema(schema_generator=Plain)),
        "autopay-changes.schema.json": _text(AutopayChange.model_json_schema(schema_generator=Plain)),
        "registrations.schema.json": _text(Registration.model_json_schema(schema_generator=Plain)),
        "control-totals.schema.json": _text(ControlTotal.model_json_schema(schema_generator=Plain)),
        "posting-results.schema.json": _text(
            PostingResult.model_json_schema(schema_generator=Plain, mode="serialization")
        ),
        "openapi.json": json.dumps(document(), indent=2, ensure_ascii=False) + "\n",
        "README.md": with_reasons(readme),
    }


def with_reasons(readme: str) -> str:
    """The text with the table of reason codes between its two marks.

    Raises:
        ValueError: the marks are not there.
    """
    rows = [f"| `{code}` | {words.message} | {words.action} |" for code, words in REASONS.items()]
    table = "\n".join(["", "| Code | What it means | What to do |", "| --- | --- | --- |", *rows, "", ""])
    renewed, count = _REASONS.subn(lambda marks: f"{marks[1]}{table}{marks[2]}", readme)
    if count != 1:
        raise ValueError("docs/contracts/README.md has lost the marks of its reason table")
    return renewed


def as_kept() -> dict[str, Any]:
    """The contract as it is now, in the form in which its versions are kept."""
    return contract_versions.as_kept(documents(), list(REASONS))


def main() -> None:
    """Write every file, or keep the contract as it is now."""
    match sys.argv[1:]:
        case []:
            for name, text in documents().items():
                (FOLDER / name).write_text(text, encoding="utf-8")
        case ["keep", version]:
            contract_versions.keep(VERSIONS, version, as_kept())
        case _:
            sys.exit("usage: python -m local.contracts [keep VERSION]")


def _text(schema: dict[str, object]) -> str:
    return json.dumps(_DIALECT | schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
