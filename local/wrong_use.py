"""The one error that the command line prints as it is, ending with exit code 2."""


class WrongUse(Exception):
    """What was asked for cannot be done; the text is a plain sentence for the person who asked."""
