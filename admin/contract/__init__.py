"""Whether Caselle's true schema takes what we send and answers what we read.

``uses`` what that is, ``compare`` the comparison, ``live`` a live endpoint's schema, ``app`` the commands.
"""
