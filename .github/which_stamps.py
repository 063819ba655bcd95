"""Which stamps a run is about: all that have a parameter file, or the one that was asked for.

Reads ``STAMP``; writes lists for the workflow's matrices to ``GITHUB_OUTPUT``. An unknown stamp ends the run.
"""

import json
import os
import sys
from pathlib import Path

REGIONS = Path(__file__).parents[1] / "infra/bicep/regions"


def main() -> None:
    """Write ``test=[...]``, ``prod=[...]`` and ``all=[...]``."""
    known = sorted(path.name.removesuffix(".bicepparam") for path in REGIONS.glob("*.bicepparam"))
    asked = os.environ.get("STAMP", "").strip()
    if asked and asked not in known:
        sys.exit(f"There is no stamp {asked!r}; there are {', '.join(known)}.")
    wanted = [asked] if asked else known
    lists = {"all": wanted, "test": [each for each in wanted if each.endswith(".test")]}
    lists["prod"] = [each for each in wanted if each not in lists["test"]]
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.writelines(f"{name}={json.dumps(found)}\n" for name, found in lists.items())


if __name__ == "__main__":
    main()
