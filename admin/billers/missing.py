"""What a biller still lacks, and who owes it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.billers.model import Biller, FormDefinition

if TYPE_CHECKING:
    from admin.stamp import Stamp

US: Final = "you, the implementation manager"
CSM: Final = "the city's CSM at Caselle"
CITY: Final = "the city"
CRM: Final = "the city, through its Caselle CRM"

CASH_RECEIPTING_LICENCE: Final = "CRW40000"
WEB_SERVICE_LICENCE: Final = "ARW4000"
_TENDERS: Final = ("ACH", "CC")


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there yet. ``field`` is set with ``biller set``, unless ``how`` says otherwise."""

    field: str
    what: str
    owed_by: str
    how: str = ""


def of_record(biller: Biller) -> list[Missing]:
    """What the record lacks before payments can be posted, in the order of the project."""
    wanted = [
        (biller.contacts.csm, Missing("contacts.csm.name", "who the city's CSM is; ask on the kick-off call", CITY)),
        (biller.contacts.cows_admin, Missing("contacts.cowsAdmin.name", "who can restart COWS, with a phone", CITY)),
        (biller.contacts.clerk, Missing("contacts.clerk.name", "the clerk who keeps the books", CITY)),
        (biller.region, Missing("region", "the home stamp's region", US)),
        (biller.connect_version, Missing("connectVersion", "the release of Caselle Connect", CITY)),
        (biller.cows_version, Missing("cowsVersion", "the release of COWS on the city's server", CITY)),
        (biller.subdomain, Missing("subdomain", "Customer SUBDomain", CSM)),
        (biller.client_id, Missing("clientId", "ClientID", CSM)),
    ]
    lacking = [missing for value, missing in wanted if not value]
    return [*lacking, *_licences(biller), *_codes(biller), *_form_definition(biller)]


async def of_stamp(stamp: "Stamp", biller: Biller) -> list[Missing]:
    """What keys, vault and tokens lack.

    Raises:
        Unavailable: they do not answer.
    """
    now = stamp.clock.now()
    known = await stamp.stores.callback_keys.all()
    keys = [key for key in known if key.biller_id == biller.biller_id and key.active(now)]
    secret = await stamp.tokens.credentials.client_secret(biller.biller_id)
    token = await stamp.stores.tokens.read(biller.biller_id)
    wanted = [
        (keys, Missing("key", "the callback key of Invoice Cloud's biller portal", US, "key add")),
        (secret, Missing("clientSecret", "ClientSecret", CSM, "biller secret set")),
        (token, Missing("token", "an OAuth token, delivered to the callback", CSM, "Caselle delivers it")),
    ]
    return [missing for value, missing in wanted if not value]


def _licences(biller: Biller) -> list[Missing]:
    wanted = (CASH_RECEIPTING_LICENCE, WEB_SERVICE_LICENCE)
    return [
        Missing(f"licences.{licence}", f"security licence {licence}, and since when", CRM)
        for licence in wanted
        if licence not in biller.licences
    ]


def _codes(biller: Biller) -> list[Missing]:
    if not biller.applications:
        asked = ("categoryCode", "distributionCode", *(f"paymentCodes.{tender}" for tender in _TENDERS))
        return [Missing(f"applications.AR.{name}", "Caselle's code", CSM) for name in asked]
    return [
        Missing(f"applications.{name}.paymentCodes.{tender}", f"the payment code of {tender}", CSM)
        for name, codes in biller.applications.items()
        for tender in _TENDERS
        if tender not in codes.payment_codes
    ]


def _form_definition(biller: Biller) -> list[Missing]:
    if biller.form_definition is FormDefinition.OPEN_ITEMS_ONLY:
        return []
    return [Missing("formDefinition", 'the bill\'s form definition, "openItemsOnly" once its file was seen', CSM)]
