"""A stamp's section of the file of profiles, from what Azure keeps of its deployment."""

from admin.deploy import commands
from admin.deploy.az import Az
from admin.deploy.outputs import Outputs
from admin.deploy.region import Region


def asked_for(region: Region, az: Az) -> str:
    """The section's text.

    Raises:
        WrongUse: the stamp is not deployed, or its deployment did not end well.
    """
    stack = bool(az.json(*commands.stacks(region)))
    outputs = Outputs.read(az.json_or_nothing(*commands.outputs(region, stack=stack)))
    return outputs.toml(region, az.json(*commands.app_insights(region)))
