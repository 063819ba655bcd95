"""What makes two messages the same payment: everything that decides where the money goes."""

import hashlib
import json

from shared.payments.message import PaymentMessage


def fingerprint(message: PaymentMessage) -> str:
    """Two digests, ``payment:allocations``; the second is empty where a message names no invoices."""
    payment = [
        message.biller_id,
        "payment",
        message.payment_id,
        message.application,
        message.customer_number,
        int(message.amount),
        message.tender,
        message.paid_at.timestamp(),
        message.confirmation_number,
    ]
    shares = sorted((each.invoice_number, int(each.amount)) for each in message.allocations or ())
    return f"{_digest(payment)}:{_digest(shares) if shares else ''}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()[:32]
