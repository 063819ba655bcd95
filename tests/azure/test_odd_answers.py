"""Every question of a deployment to Azure's management is answered oddly once: one sentence, and nothing crashes."""

import re
from itertools import cycle

import pytest

from admin.errors import Declined, WrongUse
from tests.azure.cloud.wire import Response, told

BUSY = Response(503, b"The service is unavailable.", {"Content-Type": "text/plain", "Retry-After": "0"})
HTML = Response(200, b"<html><body>Sign in</body></html>", {"Content-Type": "text/html"})
EMPTY = Response(200, b"", {"Content-Type": "application/json"})
CUT = Response(200, b'{"value": [{"id": ', {"Content-Type": "application/json"})
LIST = told(200, [])
ODD = {"503": BUSY, "html": HTML, "empty": EMPTY, "cut": CUT, "a list": LIST}

MANAGEMENT = ("/subscriptions", "/operations")
QUESTIONS = (
    "GET .*/providers",
    "GET .*/deploymentStacks",
    "GET .*/resources",
    "GET .*/containers",
    "GET .*/immutabilityPolicies/default",
    "POST .*/whatIf",
    "GET /operations/1",
    "GET .*/deployments/caselle-westus2-prod",
    "POST .*/validate",
    "PUT .*/deployments/caselle-westus2-prod",
    "GET /operations/2",
    "GET .*/sites/[^/]+",
    "GET .*/functions",
    "POST .*/listkeys",
    "GET .*/providers/Microsoft.Insights",
    "GET .*/components/[^/]+",
)
"""By method and the end of the path, in the order of a deployment."""

TURNS = list(zip(QUESTIONS, cycle(ODD), strict=False))
"""Each question meets one of the five, each of the five several questions."""


@pytest.mark.parametrize(("question", "kind"), TURNS, ids=lambda each: each)
def test_it_ends_in_a_sentence_or_goes_on(deployed, deployment, question, kind):
    deployed.arm.faults[question] = ODD[kind]
    try:
        deployment().run()
    except (WrongUse, Declined) as ended:
        sentence = str(ended)
        assert "\n" not in sentence
        assert "traceback" not in sentence.casefold(), "the reason is named, not that there is one"
    assert deployed.asked(*question.split(" ", 1)), "it was asked"


def test_a_cut_list_of_keys_gives_none_away(deployed, deployment, capfd):
    key = b"zx81-no-key-that-anybody-has-0123456789"
    cut = b'{"functionKeys": {"default": "' + key + b'"}, "masterKey": "' + key
    deployed.arm.faults["POST .*/listkeys"] = Response(200, cut, {"Content-Type": "application/json"})
    with pytest.raises(WrongUse) as raised:
        deployment().run()
    assert key.decode() not in "".join([str(raised.value), *capfd.readouterr()])


def test_there_is_no_other_question(deployed, deployment):
    deployment().run()
    asked = {f"{each.method} {each.path}" for each in deployed.front.came if each.path.startswith(MANAGEMENT)}
    patterns = [re.compile(f"{each}$", re.IGNORECASE) for each in QUESTIONS]
    assert {each for each in asked if not any(one.search(each) for one in patterns)} == set()
