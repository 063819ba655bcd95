"""A function app that does not load."""

raise RuntimeError("this app is broken")
