"""Post a payment: ``message`` what arrives, ``post`` a new one, ``drive`` one that waited, ``result`` what is told."""
