"""Which settings the app asks for."""

from shared.runtime.settings import Settings


class _Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values):
        super().__init__(values)
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return super().get(name, default)

    def __contains__(self, name):
        self.names.add(name)
        return super().__contains__(name)


def asked_for():
    """The names of all settings that the app reads."""
    asked = _Asked(
        {"AzureWebJobsStorage": "x", "KEY_VAULT_URL": "https://v.vault.azure.net", "STAMP_REGIONS": "westus2"}
    )
    Settings.read(asked)
    return asked.names
