"""What a customer owes, in real time: ``gateway`` Caselle's side, ``pending`` ours, ``ask`` both together."""
