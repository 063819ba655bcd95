"""The floor of ``cold_start.indexed``: as many functions with the same triggers and bindings, and nothing in them.

``python -m bench.floors.cold_start_indexed`` registers and lists them, and says so.
"""

import os
from collections.abc import Callable
from typing import Any

import azure.functions as func

STORAGE = "AzureWebJobsStorage"
OPEN, KEYED = func.AuthLevel.ANONYMOUS, func.AuthLevel.FUNCTION
HTTP = {
    "ICOAuthTokenProcessor": ("ICOAuthTokenProcessor", ["GET", "POST"], OPEN),
    "console": ("console", ["GET"], OPEN),
    "console_biller": ("console/billers/{billerId}", ["GET"], OPEN),
    "console_development_sign_in": ("console/development-sign-in", ["GET"], OPEN),
    "console_payment": ("console/billers/{billerId}/payments/{paymentId}", ["GET"], OPEN),
    "health": ("health", ["GET"], OPEN),
    "open_items": ("billers/{billerId}/customers/{customerNumber}/open-items", ["GET"], KEYED),
    "payment_status": ("billers/{billerId}/payments/{paymentId}", ["GET"], KEYED),
    "ready": ("ready", ["GET"], KEYED),
}
BOTH = {"results": "posting-results", "due": "due"}
QUEUES: dict[str, tuple[str, dict[str, str]]] = {
    "drive_due": ("due", BOTH),
    "keep_control_totals": ("control-totals", {}),
    "poison_ach_rejects": ("ach-rejects-poison", BOTH),
    "poison_autopay_changes": ("autopay-changes-poison", BOTH),
    "poison_control_totals": ("control-totals-poison", {}),
    "poison_due": ("due-poison", BOTH),
    "poison_payments": ("payments-poison", BOTH),
    "poison_registrations": ("registrations-poison", BOTH),
    "poison_reversals": ("reversals-poison", BOTH),
    "poison_token_renewals": ("token-renewals-poison", {}),
    "post_payments": ("payments", BOTH),
    "renew_token": ("token-renewals", {}),
    "reverse_ach_rejects": ("ach-rejects", BOTH),
    "reverse_payments": ("reversals", BOTH),
    "update_autopay": ("autopay-changes", BOTH),
    "update_registrations": ("registrations", BOTH),
}
TIMERS: dict[str, tuple[str, dict[str, str]]] = {
    "reconcile": ("0 */15 9-12 * * *", {}),
    "retain": ("0 20 * * * *", {}),
    "sweep": ("0 * * * * *", {"due": "due"}),
    "sweep_tokens": ("30 */5 * * * *", {"due": "token-renewals"}),
    "watch_poison": ("15 */5 * * * *", {}),
}


async def nothing() -> None:
    """What each of them does."""


def registered() -> func.FunctionApp:
    """All of them."""
    app = func.FunctionApp()
    for name, (route, methods, level) in HTTP.items():
        app.function_name(name)(app.route(route=route, methods=methods, auth_level=level)(nothing))
    for name, (queue, outputs) in QUEUES.items():
        trigger = app.queue_trigger(
            arg_name="message", queue_name=queue, connection=STORAGE, data_type=func.DataType.BINARY
        )
        app.function_name(name)(trigger(with_outputs(app, outputs)))
    for name, (schedule, outputs) in TIMERS.items():
        trigger = app.timer_trigger(arg_name="timer", schedule=schedule, run_on_startup=False)
        app.function_name(name)(trigger(with_outputs(app, outputs)))
    return app


def with_outputs(app: func.FunctionApp, outputs: dict[str, str]) -> Callable[..., Any]:
    """``nothing``, or what the library makes of it with these output bindings."""
    function: Callable[..., Any] = nothing
    for name, queue in outputs.items():
        function = app.queue_output(arg_name=name, queue_name=queue, connection=STORAGE)(function)
    return function


APP = registered()
APP.get_functions()

if __name__ == "__main__":
    print("done", flush=True)  # noqa: T201 - whoever measures waits for this line
    os._exit(0)
