"""What Caselle is told about customers: which updates a biller wants, and the sheet of those that were not sent."""
