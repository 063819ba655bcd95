"""What the two mails say. Menu paths and names of options are Caselle's own."""

from collections.abc import Sequence
from typing import Final

from admin.billers.missing import CASH_RECEIPTING_LICENCE, WEB_SERVICE_LICENCE
from admin.mails.mail import Items, Literal, Mail
from shared.billers.capabilities import MINIMUM_VERSION
from shared.billers.model import Biller

THIRD_PARTY: Final = "Invoice Cloud"


def to_csm(biller: Biller, callback_url: str, channel: str) -> Mail:
    """To the Customer System Manager. ``callback_url`` holds the key; ``channel``: where secrets may be sent."""
    csm = biller.contacts.csm
    return Mail(
        name="to-csm",
        to=csm.email if csm else None,
        subject=f"{biller.name}: Invoice Cloud integration with Caselle Connect",
        blocks=[
            f"Hello{f' {csm.name}' if csm else ''},",
            (
                f"{biller.name} takes online payments with Invoice Cloud (BID {biller.biller_id}), to be posted to "
                "Caselle Connect. Please set up the third-party access:"
            ),
            Items(
                [
                    (
                        "System Management > Security > Setup/Modify Third Party Access: Third Party Name "
                        f'"{THIRD_PARTY}", Enabled, and the callback URL below.'
                    ),
                    "Add OAuth Token. Connect then delivers the token to the callback URL.",
                    (
                        'The Cash Receipting workspace for online payments: check "Use for Online Payments", and '
                        f'choose its User and the Third Party "{THIRD_PARTY}".'
                    ),
                    'The distribution: check "Allow online payments" and "Allow new receipts".',
                    (
                        'The category: "Apply Accounts Receivable Payments" and "Update payments immediately" on, '
                        '"Require manual allocation" off. Otherwise a customer who has paid still looks unpaid.'
                    ),
                    "Import the form definition of the bills, so that it sends open items only.",
                ]
            ),
            "The callback URL. It holds the city's key, so please treat it as a password:",
            Literal(callback_url),
            "Please send back:",
            Items(
                [
                    "Category code and distribution code.",
                    "Payment codes for ACH and credit card (CC); for online bank direct (OBD), if it has its own.",
                    "Customer SUBDomain and ClientID.",
                    "The releases of Caselle Connect and of Connect Online Web Service (COWS).",
                    "The expiration date of the OAuth token.",
                ]
            ),
            (
                f"The ClientSecret, and the token if it has to be sent by hand, please only through {channel}, never "
                "by mail."
            ),
            "Thank you.",
        ],
    )


def to_biller(biller: Biller, attached: Sequence[str]) -> Mail:
    """To the city. ``attached``: names of the files that go with it."""
    clerk = biller.contacts.clerk
    files = [f"Attached: {', '.join(attached)}."] if attached else []
    return Mail(
        name="to-biller",
        to=clerk.email if clerk else None,
        subject=f"{biller.name}: what Invoice Cloud needs of Caselle Connect",
        blocks=[
            f"Hello{f' {clerk.name}' if clerk else ''},",
            (
                "Before online payments can be posted to Caselle Connect, please see to the following. Caselle's CSM "
                "helps with all of it; please tell us who your CSM is."
            ),
            Items(
                [
                    (
                        f"Caselle Connect {MINIMUM_VERSION} or later on every workstation. With an older release ACH "
                        "rejects, the AutoPay change log and registration emails do not work."
                    ),
                    (
                        "Connect Online Web Service (COWS) on your Caselle server: updated with the last general "
                        "release, and running. While it is not running, no payment can be posted."
                    ),
                    (
                        "Somebody at the city who can log in to that server, see whether COWS runs, and restart it: "
                        "please send name, phone and hours."
                    ),
                    (
                        f"Security licences {CASH_RECEIPTING_LICENCE} (Cash Receipting Web Service Interface) and "
                        f"{WEB_SERVICE_LICENCE} (Utility Management Web Service Interface). If one is missing, ask "
                        "your Caselle CRM to add it to your security file; that takes a couple of days: please ask now."
                    ),
                    (
                        'The Cash Receipting workspace for online payments is marked "Use for Online Payments", with '
                        f'a user and the third party "{THIRD_PARTY}". Otherwise payments fail with an error that '
                        "says nothing."
                    ),
                    'The distribution for online payments is marked "Allow online payments".',
                    (
                        'The category has "Apply Accounts Receivable Payments" and "Update payments immediately" on '
                        'and "Require manual allocation" off. Otherwise a customer who has paid still looks unpaid.'
                    ),
                    "The form definition of your bills is imported, and sends open items only.",
                ]
            ),
            *files,
            "Please never send us passwords, secrets or tokens by mail. Thank you.",
        ],
    )
