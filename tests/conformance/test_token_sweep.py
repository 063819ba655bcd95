"""What the timer reads grows with what is due, not with the billers; ``make bench CASE=token_sweep`` goes to 10,000."""

from bench.token_sweep import DUE, counts


async def test_a_run_reads_what_is_due_and_nothing_else(azurite):
    few, many = (await counts(azurite.connection_string, (10, 1_000))).values()
    assert few == many
    assert (many.requests, many.rows) == (1, DUE)
