"""The app over what a test gives it: whatever is there already is not made, and everything else is as in production."""

from dataclasses import replace
from typing import Any, NoReturn

from shared.ledger.times import Times
from shared.runtime.app import App
from shared.runtime.settings import Settings
from shared.vocabulary.clock import Clock

_READ = Settings.read(
    {
        "AzureWebJobsStorage": "none",
        "KEY_VAULT_URL": "https://stamp.vault.azure.net",
        "STAMP_REGIONS": "westus2",
    }
)
SETTINGS = replace(_READ, storage_connection=None)
"""Of a stamp without storage: a table that a test did not give is not looked for on the network."""


def nobody() -> NoReturn:
    raise AssertionError("a test signs in nowhere")


def given(made: Any, **parts: Any) -> Any:
    """The same, with these in the place of parts that it would make on first use."""
    assert all(hasattr(type(made), name) for name in parts), "it makes no such part"
    assert not vars(made).keys() & parts.keys(), "it has made its own, and others may hold that"
    vars(made).update(parts)
    return made


def app_over(
    clock: Clock, times: Times | None = None, regions: frozenset[str] = SETTINGS.regions, **stores: Any
) -> App:
    """An app over these stores, with a memory of its own."""
    app = App(replace(SETTINGS, times=times or SETTINGS.times, regions=regions), nobody, clock)
    given(app.stores, **stores)
    return app
