"""What a person does with entries of the ledger: find, retry, resolve, ask the city, tell again, export and erase.

Everything here writes the ledger only; the queue ``due`` carries on what follows, and Invoice Cloud is told there.
"""
