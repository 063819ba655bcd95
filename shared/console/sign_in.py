"""How people sign in to the console."""

from enum import StrEnum


class SignIn(StrEnum):
    """How people sign in at this stamp."""

    OFF = "off"
    """Nobody can: whatever a request says of a person is not believed."""
    APP_SERVICE = "app-service"
    """App Service authentication stands before the app and writes who it is into a header of its own."""
    DEVELOPMENT = "development"
    """A cookie that anybody on this machine can give themselves; with ``CASELLE_ALLOW_LOOPBACK=1`` only."""
