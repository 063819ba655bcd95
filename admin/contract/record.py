"""What a passed check leaves on a biller's record: the condition for operations that are only assumed."""

from collections.abc import Sequence
from datetime import datetime

from admin.contract.compare import Judged, Verdict
from shared.billers.model import Biller, ContractPass
from shared.caselle.customer_records import REMOTES


def passed(biller: Biller, judged: Sequence[Judged], now: datetime) -> Biller:
    """The record after a check: passes that were found, none where an operation would break, the rest as before."""
    verdicts = {each.name: each.verdict for each in judged}
    kept = {name: one for name, one in biller.contract_passes.items() if verdicts.get(name) is not Verdict.BREAKS}
    for remote in REMOTES.values():
        if verdicts.get(remote.name) is Verdict.FITS:
            kept[remote.name] = ContractPass(at=now, document=remote.document)
    return biller.model_copy(update={"contract_passes": kept})
