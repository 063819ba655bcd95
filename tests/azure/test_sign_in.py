"""A pipeline's sign-in: its assertion lives five minutes, and everything that a deployment needs is asked for in them."""

import json

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AzureCliCredential

from admin.deploy import commands
from admin.deploy.az import Az
from admin.deploy.deployment import Deployment, Wishes
from admin.deploy.region import named
from admin.deploy.template_steps import look
from admin.errors import WrongUse
from tests.azure.cloud import entra
from tests.azure.cloud.world import login, run_az

SCOPES = [f"{each}/.default" for each in commands.DATA_RESOURCES]
LATER = 6 * 60


@pytest.fixture
def signed_in(signed_out):
    """As the workflow is when its last step begins."""
    done = login(signed_out)
    assert done.returncode == 0, done.stderr
    return signed_out


def _first_step(tmp_path):
    deployment = Deployment(region=named("westus2.prod"), wishes=Wishes(), work=tmp_path, az=Az(), wait=lambda _: None)
    look(deployment).run()


@pytest.mark.parametrize("scope", SCOPES)
def test_what_the_first_step_keeps_serves_until_the_end(signed_in, tmp_path, scope):
    """Through Microsoft's own credential, as the stores are opened."""
    _first_step(tmp_path)
    signed_in.pass_time(LATER)
    token = entra.claims(AzureCliCredential().get_token(scope).token)
    assert token["aud"].rstrip("/") == scope.removesuffix("/.default")
    assert run_az(*commands.TOKEN).returncode == 0, "and for the management, with which it publishes"


@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_asked_for_later_is_refused(signed_in, scope):
    """So that the test above shows something."""
    signed_in.pass_time(LATER)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700024"):
        AzureCliCredential().get_token(scope)


def test_a_sign_in_that_has_ended_is_told_in_one_sentence(signed_in):
    signed_in.pass_time(LATER)
    with pytest.raises(WrongUse, match="sign-in has ended: it lives five minutes"):
        Az().text(*commands.token_for("https://vault.azure.net"))


def test_another_environment_is_not_signed_in(signed_out):
    done = login(signed_out, subject="repo:someone/else:ref:refs/heads/main")
    assert done.returncode == 1
    assert "AADSTS70021" in done.stderr


def test_nobody_is_signed_in(signed_out, run):
    said = run("deploy", "westus2.prod")
    assert (said.code, said.err) == (2, "You are not signed in to Azure: run `az login`, then this again.\n")


def test_the_subscription_is_named(cloud):
    found = json.loads(run_az(*commands.SIGNED_IN).stdout)
    assert (found["name"], found["user"]["name"]) == ("Billing", entra.CLIENT)
