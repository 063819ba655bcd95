"""Check the bill images that a biller delivers, against the invoices they belong to."""
