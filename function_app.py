"""Registers the functions; nothing else happens at import, since an error here would make all of them vanish."""

import azure.functions as func

from functions import (
    console,
    drive_due,
    health,
    oauth_callback,
    open_items,
    payment_status,
    poison,
    post_payments,
    reconcile,
    renew_tokens,
    retain,
    reverse_payments,
    sweep,
    update_customers,
    watch_poison,
)

app = func.FunctionApp()
app.register_functions(console.bp)
app.register_functions(drive_due.bp)
app.register_functions(health.bp)
app.register_functions(oauth_callback.bp)
app.register_functions(open_items.bp)
app.register_functions(payment_status.bp)
app.register_functions(poison.bp)
app.register_functions(post_payments.bp)
app.register_functions(reconcile.bp)
app.register_functions(renew_tokens.bp)
app.register_functions(retain.bp)
app.register_functions(reverse_payments.bp)
app.register_functions(sweep.bp)
app.register_functions(update_customers.bp)
app.register_functions(watch_poison.bp)
