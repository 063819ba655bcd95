"""Post a payment to the city's Caselle.

``message`` what arrives, ``rules`` what the biller allows, ``post`` a new one, ``drive`` one that waited, ``peer`` the
city's server as the ledger sees it.
"""
