"""The gate over the templates as they are. It is not a compiler; ``test_compiler.py`` runs one where it is found."""

from tests.infra.gate import TEMPLATES, findings


def test_the_templates_pass_the_gate():
    assert findings(TEMPLATES) == []
