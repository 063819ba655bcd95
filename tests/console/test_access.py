"""Who may look, and whose word is taken for it."""

import base64
import json

import pytest

from shared.console.access import NotAReader, NotSignedIn, admitted, of_principal
from shared.console.sign_in import SignIn

OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
ADA = "11111111-2222-3333-4444-555555555555"


def principal(*roles, object_id=ADA, role_type="roles", **more):
    claims = [{"typ": OBJECT_ID, "val": object_id}, {"typ": "name", "val": "Ada Byron"}]
    claims += [{"typ": role_type, "val": role} for role in roles]
    return base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims} | more).encode()).decode()


@pytest.mark.parametrize("role_type", ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"])
def test_a_reader_is_admitted_with_id_and_name(role_type):
    person = admitted(SignIn.APP_SERVICE, principal("other", "reader", role_type=role_type), None)
    assert (person.object_id, person.name, person.roles) == (ADA, "Ada Byron", {"other", "reader"})


def test_the_type_of_role_claims_is_the_one_that_the_principal_names():
    assert admitted(SignIn.APP_SERVICE, principal("reader", role_type="urn:r", role_typ="urn:r"), None).roles == {
        "reader"
    }
    with pytest.raises(NotAReader):
        admitted(SignIn.APP_SERVICE, principal("reader", role_type="urn:r"), None)


@pytest.mark.parametrize("roles", [(), ("Reader",), ("readers",), ("operator",), ("reader ",)])
def test_without_the_very_role_nobody_is_admitted(roles):
    with pytest.raises(NotAReader) as refused:
        admitted(SignIn.APP_SERVICE, principal(*roles), None)
    assert refused.value.person.object_id == ADA


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "not base64",
        "e30=",
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"\xff").decode(),
        base64.b64encode(json.dumps({"claims": [{"typ": "roles", "val": "reader"}]}).encode()).decode(),
        base64.b64encode(json.dumps({"claims": "reader"}).encode()).decode(),
        principal("reader", object_id=""),
    ],
)
def test_a_header_that_does_not_say_who_is_nobody(header):
    with pytest.raises(NotSignedIn):
        admitted(SignIn.APP_SERVICE, header, None)


def test_two_people_in_one_header_are_nobody():
    claims = [{"typ": OBJECT_ID, "val": ADA}, {"typ": "oid", "val": "another"}, {"typ": "roles", "val": "reader"}]
    with pytest.raises(NotSignedIn):
        of_principal(base64.b64encode(json.dumps({"claims": claims}).encode()).decode())


def test_where_nothing_stands_before_the_app_no_header_and_no_cookie_is_believed():
    with pytest.raises(NotSignedIn):
        admitted(SignIn.OFF, principal("reader"), "reader")


def test_the_development_cookie_counts_nowhere_else_and_the_header_not_there():
    with pytest.raises(NotSignedIn):
        admitted(SignIn.APP_SERVICE, None, "reader")
    with pytest.raises(NotSignedIn):
        admitted(SignIn.DEVELOPMENT, principal("reader"), None)
    assert admitted(SignIn.DEVELOPMENT, None, "reader").object_id == "development"
    with pytest.raises(NotAReader):
        admitted(SignIn.DEVELOPMENT, None, "nobody")
