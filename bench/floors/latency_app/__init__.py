"""The floor of ``open_items`` and ``callback``: a function app that reads, calls and answers, and decides nothing."""
