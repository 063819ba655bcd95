"""Whether Invoice Cloud, the ledger, Caselle and the bank deposit tell the same story, day by day."""
