"""Check the invoice file that a biller exports from Caselle before Invoice Cloud imports it."""
