"""Stands for the Azure command line: keeps what it was asked, and answers from a table. Copied to a folder as ``az``.

``FAKE_AZ`` names a folder with ``answers.json``: a list of [first words, output, exit code, error]; the first that fits counts.
"""

import json
import os
import sys
from pathlib import Path

folder = Path(os.environ["FAKE_AZ"])
asked = sys.argv[1:]
with (folder / "asked.jsonl").open("a", encoding="utf-8") as log:
    log.write(json.dumps(asked) + "\n")
for words, output, code, error in json.loads((folder / "answers.json").read_text(encoding="utf-8")):
    if asked[: len(words)] == words:
        sys.stdout.write(output)
        sys.stderr.write(error)
        sys.exit(code)
sys.stderr.write("this was not expected\n")
sys.exit(99)
