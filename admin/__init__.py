"""The command line: sets up, checks and runs billers, against Azure and against the one-machine stack."""
