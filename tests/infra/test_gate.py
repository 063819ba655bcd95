"""The gate over the templates as they are. It is not a compiler; ``test_compiler.py`` runs one where it is found."""

import pytest

from shared.runtime.settings import Settings
from tests.infra.gate import TEMPLATES, findings
from tests.infra.source import Source


def test_the_templates_pass_the_gate():
    assert findings(TEMPLATES) == []


REGIONS = sorted((TEMPLATES / "regions").glob("*.bicepparam"))


@pytest.mark.parametrize("path", REGIONS, ids=[path.stem for path in REGIONS])
def test_the_app_takes_the_settings_of_the_region(path):
    """With addresses as Azure gives them out: they end with a slash."""
    template, region = Source(TEMPLATES / "main.bicep").params, Source(path).variables
    given = {name: each.value for name, each in (template | region).items()}
    settings = Settings.read(
        {
            "AzureWebJobsStorage__tableServiceUri": "https://stcaselle1.table.core.windows.net/",
            "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000000",
            "KEY_VAULT_URL": "https://kv-caselle-1.vault.azure.net/",
            "STAMP_REGIONS": ",".join(given["stampRegions"]),
            "CASELLE_BASE_URL": given["caselleBaseUrl"],
            "CASELLE_ALLOWED_HOSTS": ",".join(given["caselleAllowedHosts"]),
            "CALLBACK_STAMPS": ",".join(given["callbackStamps"]),
            **given["extraAppSettings"],
        }
    )
    assert path.stem.partition(".")[0] in settings.regions
