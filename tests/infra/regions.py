"""What holds for the stamps that are deployed: their files are named after what they describe, and are fit to be used."""

import re
from collections.abc import Iterator

from tests.infra.stamp import Stamp, at


def problems(stamp: Stamp) -> Iterator[str]:
    """Of one stamp; those that are never deployed have names without a dot."""
    given = stamp.given
    named = f"{given['location']}.{given['environmentName']}"
    if "." in stamp.name:
        if stamp.name != named:
            yield f"{stamp.name} describes {named}"
        if given["location"] not in given.get("stampRegions", []):
            yield f"{stamp.name}: its own billers are not at home in it"
        if given["environmentName"] == "prod" and given.get("geoRedundant") is not True:
            yield f"{stamp.name}: the ledger is not copied to another region"
    # Azure takes a budget from the first of a month only.
    for budget in stamp.of_type("Microsoft.Consumption/budgets"):
        if not re.fullmatch(r"\d{4}-\d{2}-01", str(at(budget.body, "properties.timePeriod.startDate"))):
            yield f"{stamp.name}: its budget begins on no first of a month"
