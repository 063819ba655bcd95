"""What the two answers cost when nothing is decided; run by the same functions host as the app.

Beside them are the app's queues, with nothing to do, so that the host has as many to look into.

The environment names the storage (``AzureWebJobsStorage``) and the peer.
"""

import os

import azure.functions as func
from azure.data.tables.aio import TableClient

from bench.floors.cold_start_indexed import QUEUES
from bench.floors.peer import call

STORAGE = os.environ["AzureWebJobsStorage"]  # noqa: SIM112 - the platform spells it so
DOCUMENT = """
query OpenItems($customer_number: String!) {
  customer(customer_number: $customer_number) {
    customer_number name balance statement_type
    open_invoices { invoice_number description invoice_date due_date amount balance }
  }
}
"""
FILTER = (
    "PartitionKey eq @shard and RowKey ge @start and RowKey lt @end"
    " and biller eq @only0 and kind eq @only1 and customer eq @only2"
)
MOST = 500

app = func.FunctionApp()
tokens = TableClient.from_connection_string(STORAGE, "tokens", use_env_settings=False)
ledger = TableClient.from_connection_string(STORAGE, "ledger", use_env_settings=False)


async def idle(message: func.QueueMessage) -> None:
    raise AssertionError(message.id)


for name, (queue, _) in QUEUES.items():
    app.function_name(name)(
        app.queue_trigger("message", queue, "AzureWebJobsStorage", data_type=func.DataType.BINARY)(idle)
    )


@app.function_name("bare_callback")
@app.route("bare/callback", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def callback(req: func.HttpRequest) -> func.HttpResponse:
    await tokens.get_entity("tokens", f"T~{req.params['BK']}")
    return func.HttpResponse('{"status": "stored"}', mimetype="application/json")


@app.function_name("bare_open_items")
@app.route("bare/billers/{billerId}/customers/{customerNumber}/open-items", methods=["GET"])
async def open_items(req: func.HttpRequest) -> func.HttpResponse:
    biller, customer = req.route_params["billerId"], req.route_params["customerNumber"]
    # What is held meanwhile was open, or is among the held: one after the other, before the call and again after it.
    await scan("O~", biller, customer)
    await scan("H~", biller, customer)
    answer = await call("OpenItems", DOCUMENT, {"customer_number": customer})
    await scan("O~", biller, customer)
    await scan("H~", biller, customer)
    return func.HttpResponse(answer, mimetype="application/json")


async def scan(prefix: str, biller: str, customer: str) -> None:
    found = {"shard": "00", "start": prefix, "end": f"{prefix}\x7f"}
    only = {"only0": biller, "only1": "payment", "only2": customer}
    async for _ in ledger.query_entities(FILTER, parameters=found | only, results_per_page=MOST):
        pass
