"""The closed list of reason codes: what each means, what to do, and who does it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """Plain words for one code; shown to people and sent with results."""

    message: str
    action: str


_CITY = "the city's clerk"
_CSM = "the city's CSM at Caselle"
_LOOK = "Look for the receipt in Caselle by its confirmation number"

UNLISTED_ERROR: Final = "unlisted_error"

OTHER_CAUSES: Final = (
    "no third party on the workspace, where there is more than one for online payments",
    "more than one workspace for online payments before release 2023.08",
    'no "Allow new receipts" on the workspace, the category or the distribution',
    'no "Allow online payments" on the distribution',
    '"Require manual allocation" on the category',
    '"Skip Weekends" on the workspace, on a Saturday or Sunday',
)
"""What else, by Caselle's help, keeps payments out of a workspace; whether the web service heeds each is not known."""

REASONS: Final[dict[str, Reason]] = {
    # Invalid: never to be posted as it is.
    "not_json": Reason("The message is no JSON object.", "Invoice Cloud corrects and enqueues it again."),
    "too_large": Reason("The message is larger than 48 KiB.", "Invoice Cloud corrects and enqueues it again."),
    "newer_schema": Reason("The message has a schemaVersion newer than this release.", "Update this stamp first."),
    "card_number": Reason("A field holds what looks like card data.", "Invoice Cloud removes it and enqueues again."),
    "rule_broken": Reason("A field breaks its rule.", "Invoice Cloud corrects the field and enqueues again."),
    "poison": Reason("The message failed again and again.", "Read the log of the function, then enqueue it again."),
    "conflict": Reason("The id is known with other contents.", "Find out which is right; the first one stands."),
    # Held before anything was sent.
    "unknown_biller": Reason("No biller of this id is set up here.", "Set the biller up, then retry."),
    "wrong_region": Reason("The biller's home is another stamp.", "Enqueue it in the biller's region."),
    "biller_not_live": Reason("The biller is not live.", "Take the biller live, then retry."),
    "connect_too_old": Reason(
        "The city's release of Caselle Connect is too old for online payments.",
        "The city updates Connect; correct the biller's release, then retry.",
    ),
    "wrong_environment": Reason(
        "A test message for a live biller, or the reverse.", "Check the environment; end it if it was a test."
    ),
    "before_go_live": Reason(
        "It was paid before the biller went live here: the earlier data pump has it.",
        f"{_LOOK}; it is usually there.",
    ),
    "shadow_overlap": Reason(
        "It came in shadow mode and was paid after the biller went live here: the earlier data pump may have it.",
        f"{_LOOK}; resolve as posted or retry.",
    ),
    "application_not_configured": Reason(
        "The biller has no codes for this application, or no subdomain.", f"Ask {_CSM} for them, then retry."
    ),
    "unknown_tender": Reason(
        "The biller has no payment code for this tender.", f"Ask {_CSM} for the code, then retry."
    ),
    "no_allocations": Reason(
        "The payment names no invoices, and the biller does not let Caselle allocate.",
        f"Ask {_CITY} which invoices it pays; Invoice Cloud enqueues it again with them, and it is posted.",
    ),
    "confirmation_reused": Reason(
        "Another payment of this biller has the same confirmation number.", "Ask Invoice Cloud which one is right."
    ),
    "too_old": Reason("The posting date is further back than the biller allows.", f"Ask {_CITY} for a posting date."),
    # Done, of a reject.
    "returned": Reason("The bank returned the payment, and it is undone in Caselle.", "Tell the payer what is due."),
    # Of a reject by which nothing is undone.
    "notification_of_change": Reason(
        "The bank tells what to correct before the next debit; no money moved, and the receipt stays.",
        "Invoice Cloud corrects it; the payer owes nothing.",
    ),
    "return_dishonoured": Reason(
        "The banks disagree about an earlier return; by this message nothing is undone.",
        "Ask Invoice Cloud where the money is; then end it with resolve --not-posted.",
    ),
    "return_code_unknown": Reason(
        "The bank's code is in no table here, so nothing is undone by it.",
        f"Ask Invoice Cloud what the bank says; if the debit came back, {_CITY} undoes the receipt; then resolve.",
    ),
    # Held, of a reject or reversal: a person undoes the payment.
    "reversal_by_hand": Reason(
        "It cannot be undone from here.", f"{_CITY[0].upper()}{_CITY[1:]} undoes the receipt in Caselle; then resolve."
    ),
    "partial_reversal": Reason(
        "It is not the payment's whole amount, and Caselle voids only whole receipts.",
        f"{_CITY[0].upper()}{_CITY[1:]} adjusts the receipt in Caselle; then resolve.",
    ),
    "already_reversed": Reason(
        "The payment was or is being undone by another message.", "Ask Invoice Cloud which one is right."
    ),
    "more_than_paid": Reason(
        "Together with other messages it gives back more than the payment.",
        f"Ask Invoice Cloud which of them are right, before {_CITY} adjusts more of the receipt.",
    ),
    "payment_not_posted": Reason("Its payment was never posted.", "Nothing to undo in Caselle; resolve it."),
    "receipt_missing": Reason("Caselle does not show the receipt that is to be voided.", f"Call {_CITY}."),
    "void_unclear": Reason(
        "It voids a payment that is not posted from here, and that may be in Caselle all the same.",
        f"{_LOOK}; resolve the payment first, then this.",
    ),
    "receipt_not_shown": Reason("Caselle does not show the payment's receipt yet.", "Nothing: it is looked for again."),
    "receipt_closed": Reason(
        "Caselle refuses the void: the receipt is closed or updated.", f"Ask {_CITY} to correct it in Caselle."
    ),
    # Ended by a person.
    "reopened": Reason("A person took back what was said of it.", f"{_LOOK}; resolve it as it is, or retry."),
    "ended_by_person": Reason("A person ended it; it is not in Caselle.", "Nothing."),
    # Held after a send.
    "outcome_unknown": Reason(
        "The answer to the send was lost, and this Caselle release cannot be asked.",
        f"{_LOOK}; resolve as posted or retry.",
    ),
    "several_receipts": Reason("Caselle has more than one receipt with this confirmation number.", f"Call {_CITY}."),
    "receipt_voided": Reason("Caselle's receipt of this payment is voided or refunded.", f"Call {_CITY}."),
    "amount_differs": Reason("Caselle's receipt of this payment has another amount.", f"Call {_CITY}."),
    "sent_at_both_homes": Reason(
        "The biller moved, and it was sent from its old home and from its new one.",
        f"{_CITY[0].upper()}{_CITY[1:]} looks at both receipts and voids one; then resolve as posted under the other.",
    ),
    "absence_not_provable": Reason(
        "For 20 hours Caselle's list showed neither the receipt nor that it is not there.",
        f"{_LOOK}; resolve or retry.",
    ),
    "similar_receipt": Reason(
        "Caselle has a receipt of the same amount that is none of ours and may be this payment.",
        f"Ask {_CITY} whose it is: resolve as posted under its number, or retry with --not NUMBER.",
    ),
    "proof_expired": Reason(
        "It was let go, but could not leave for half an hour; nobody knows what was entered by hand since.",
        f"{_LOOK}; resolve or retry.",
    ),
    "attempts_exhausted": Reason(
        "Four sends left no receipt behind.", f"Ask {_CSM} why, {_LOOK[0].lower()}{_LOOK[1:]}, then retry."
    ),
    # Posted, with a remark.
    "number_begun_again": Reason(
        "Its receipt number is an earlier payment's, too: the city's numbers have begun again.",
        "Nothing; look it up by its confirmation number.",
    ),
    "second_receipt": Reason(
        "Caselle has more than one live receipt of this payment.", f"Ask {_CITY} to void the one that is too many."
    ),
    # Refused by Caselle.
    "customer_unknown": Reason("Caselle does not know the customer.", f"Ask {_CITY} for the number, then retry."),
    "invoice_unknown": Reason("Caselle does not know an invoice.", f"Ask {_CITY} which invoice it pays."),
    "period_closed": Reason("The posting date lies in a closed period.", f"Ask {_CITY} for an open date."),
    "date_refused": Reason("Caselle refuses the posting date.", f"Ask {_CITY} for a date that it takes."),
    "amount_refused": Reason("Caselle refuses the amount.", f"Ask {_CITY} about the invoice's balance."),
    # Of a customer update.
    "operation_unchecked": Reason(
        "This update is off: its operation has not passed the contract check for this biller.",
        f"{_CITY[0].upper()}{_CITY[1:]} enters it in Caselle by hand, from the sheet.",
    ),
    "operation_off": Reason(
        "This update is off: the biller has not opted in.",
        f"{_CITY[0].upper()}{_CITY[1:]} enters it in Caselle by hand, from the sheet.",
    ),
    "shadow_mode": Reason("The biller is in shadow mode: nothing is sent.", "Nothing."),
    "superseded": Reason("A newer message on the same customer is known.", "Nothing: the newer one counts."),
    "direct_pay_active": Reason(
        "The customer is on Caselle's Direct Pay too: the bill may be drafted twice.",
        f"Ask {_CITY} to end Direct Pay for this customer.",
    ),
    "email_refused": Reason(
        "Caselle refuses the e-mail address.", "Invoice Cloud asks the customer for another one and enqueues that."
    ),
    "dated_ahead": Reason("It is dated more than a day ahead.", "Ask Invoice Cloud when it happened; then resolve."),
    "update_unanswered": Reason(
        "Caselle answered none of the sends.", f"Ask {_CITY} to look at the customer in Caselle; then resolve."
    ),
    "earlier_in_doubt": Reason(
        "An earlier message on the same customer is being sent or in doubt.", "Nothing: it goes after that one."
    ),
    # Waiting, without anything being wrong with the payment; goes on by itself.
    "waiting": Reason("Caselle could not be reached, or has not been asked yet.", "Nothing: it is tried again."),
    "ledger_lost": Reason(
        "It was paid before the ledger of its region was lost, and may be at Caselle already.",
        "Nothing: Caselle is asked.",
    ),
    "payment_not_yet_posted": Reason("Its payment is not posted yet.", "Nothing: it is undone after that."),
    "voided_before": Reason("It was voided before it was ever sent.", "Nothing."),
    "paused": Reason("Posting is paused for this biller.", "Resume the biller when it may go on."),
    "workspace_in_use": Reason(
        "Somebody works in the online workspace.", f"Ask {_CITY} to clear its In Use By if it lasts."
    ),
    "cows_unreachable": Reason(
        "Caselle's relay does not reach the city's server.", "The city's COWS admin starts the service again."
    ),
    "caselle_failed": Reason("Caselle failed over the request.", f"Tell {_CSM} if it repeats."),
    UNLISTED_ERROR: Reason(
        "Caselle gives an error that is on no list of ours.", f"Tell {_CSM} Caselle's words if it repeats."
    ),
    "throttled": Reason(
        "Caselle gets too many requests at once.",
        "Nothing: it goes more slowly. Ask the city's COWS admin if it lasts.",
    ),
    "forbidden": Reason(
        "Something before Caselle refuses the call.", "Ask the city's COWS admin what stands between, if it lasts."
    ),
    "breaker_open": Reason("The city's server keeps failing.", "Ask the city's COWS admin if it lasts."),
    "no_token": Reason("Caselle has not delivered a token for this biller.", f"Ask {_CSM} to add an OAuth token."),
    "token_refused": Reason("Caselle refuses the token.", f"Ask {_CSM} whether the token is active."),
    # Waiting for a person: the biller is blocked.
    "blocked": Reason("Sending is stopped for this biller.", "See why, mend it, then unblock the biller."),
    "suspected_workspace": Reason(
        "Caselle gives an error that says nothing; probably the workspace is not marked for online payments.",
        f'Ask {_CSM} to mark the workspace "Use for Online Payments", then unblock. '
        f"If it is marked, one of these: {'; '.join(OTHER_CAUSES)}.",
    ),
    "licence_missing": Reason(
        "A security licence is missing in Caselle.", "The city asks its Caselle CRM, then unblock."
    ),
    "third_party_disabled": Reason("Invoice Cloud is not enabled as a third party.", f"Ask {_CSM}, then unblock."),
    "category_unknown": Reason("Caselle does not know the category code.", f"Ask {_CSM}, correct it, then unblock."),
    "distribution_unknown": Reason(
        "Caselle does not know the distribution code.", f"Ask {_CSM}, correct it, then unblock."
    ),
    "distribution_not_online": Reason(
        'The distribution is not marked "Allow online payments".', f"Ask {_CSM} to mark it, then unblock."
    ),
    "payment_code_unknown": Reason("Caselle does not know the payment code.", f"Ask {_CSM}, correct it, then unblock."),
    "receipt_numbers_exhausted": Reason(
        "The workspace has no receipt numbers left.", f"Ask {_CSM}: Connect 2025.02 or later ends this; then unblock."
    ),
    "subdomain_unknown": Reason("Caselle does not know the subdomain.", f"Ask {_CSM}, correct it, then unblock."),
    "contract_mismatch": Reason(
        "This Caselle release does not understand the request; Connect or COWS may be too old.",
        "Check the city's releases and the contract, then unblock.",
    ),
}

WAITING: Final = "waiting"


def listed(code: str) -> str:
    """The code itself, or ``waiting``: names of failures inside this app are no part of the contract."""
    return code if code in REASONS else WAITING
