"""What passes between Invoice Cloud and the ledger, whatever the kind of message.

``inbound`` (reading), ``intake`` (new, known or set aside), ``drive`` (one step of what waits), ``result`` (what is
told).
"""
