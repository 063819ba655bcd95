"""Undo a payment: ``message`` what arrives, ``reverse`` a new one, ``drive`` one that waits, ``peer`` the void."""
