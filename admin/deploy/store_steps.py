"""Steps of a deployment in the stamp's own stores: the drain, and the pepper."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from admin.deploy import commands, stores
from admin.deploy.answers import tries
from admin.deploy.deployment import Deployment, Step, shown
from admin.deploy.publishing import RETRY_SECONDS
from admin.errors import WrongUse
from admin.output import say
from shared.billers.callback_keys import PEPPER_SECRET
from shared.vocabulary.errors import Unavailable

if TYPE_CHECKING:
    from admin.stamp import Stamp

_TRIES = 20


def pause(deployment: Deployment) -> Step:
    """Nothing is under way while the app is replaced."""
    region = deployment.region
    apps = commands.groups_of(commands.APPS)

    def run() -> None:
        if region.own(deployment.azure.json(*apps)):
            _pause(deployment)
        else:
            say("Nothing runs here yet.")

    looked = shown(apps, commands.outputs(region, stack=deployment.as_stack))
    paused = "pause every biller that sends, then wait until no payment is under way (not on the first deployment)"
    return Step("Drain", [*looked, paused], run)


def _pause(deployment: Deployment) -> None:
    try:
        deployment.read_outputs(stack=deployment.stacked)
    except WrongUse:
        trouble = "An app runs here, and the last deployment did not end well enough to say where its stores are"
        raise WrongUse(f"{trouble}: --no-drain deploys without pausing the billers.") from None
    deployment.paused = True
    seconds = deployment.in_stores(stores.pause_all)
    say(f"Waiting {seconds:.0f} seconds until no payment is under way.")
    deployment.wait(seconds)


def pepper(deployment: Deployment) -> Step:
    """The callback keys' pepper, once."""

    def run() -> None:
        if _once_roles_are_known(deployment, stores.ensure_pepper):
            say("Made the pepper of the callback keys.")

    made = f"make the secret {PEPPER_SECRET} where {deployment.outputs.key_vault_name} has none"
    return Step("Vault", [made], run)


def resume(deployment: Deployment) -> Step:
    """Posting goes on."""

    def run() -> None:
        if deployment.paused:
            deployment.in_stores(stores.resume_all)
            deployment.paused = False

    return Step("Go on", ["resume the billers that were paused for this"], run)


def _once_roles_are_known[T](deployment: Deployment, work: "Callable[[Stamp], Awaitable[T]]") -> T:
    """Rights at a vault that was just made take minutes to be known there."""
    for _ in tries(_TRIES - 1, RETRY_SECONDS, deployment.wait):
        try:
            return deployment.in_stores(work)
        except Unavailable as error:
            say(f"{error}: rights that were just granted take minutes to be known.")
    deployment.wait(RETRY_SECONDS)
    return deployment.in_stores(work)
