"""Setting up billers: their records, keys, mails, checks and modes."""
