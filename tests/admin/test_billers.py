"""Records of billers: added, set, copied, taken from files and written to them; every change recorded."""

import asyncio

import pytest
import yaml

from admin.address import of_stack
from admin.billers.record import change, known
from admin.errors import WrongUse
from admin.stamp import opened

ZONE = "America/Los_Angeles"
CODES = [
    "applications.AR.categoryCode=07",
    "applications.AR.distributionCode=0701",
    "applications.AR.paymentCodes.ACH=7",
    "applications.AR.paymentCodes.CC=8",
]


@pytest.fixture
def draft(icadmin, bid):
    assert icadmin("biller", "add", bid, "Astoria OR", ZONE, "--yes").code == 0
    return bid


def record(icadmin, biller_id):
    return icadmin("biller", "show", biller_id, "--json").json


def test_a_draft_needs_id_name_and_time_zone(icadmin, draft):
    found = record(icadmin, draft)
    assert (found["name"], found["timeZone"], found["mode"], found["region"]) == (
        "Astoria OR",
        ZONE,
        "draft",
        "westus2",
    )
    lacking = {each["field"]: each["owedBy"] for each in found["missing"]}
    assert lacking["subdomain"] == lacking["clientSecret"] == lacking["token"] == "the city's CSM at Caselle"
    assert lacking["licences.CRW40000"] == "the city, through its Caselle CRM"
    assert lacking["key"] == "you, the implementation manager"


def test_it_is_asked_once_before_a_change(icadmin, bid):
    said = icadmin("biller", "add", bid, "Astoria OR", ZONE, typed="n\n")
    assert said.code == 1
    assert said.err.endswith("Nothing was changed.\n")
    assert icadmin("biller", "show", bid).code == 2
    said = icadmin("biller", "add", bid, "Astoria OR", ZONE)
    assert said.code == 1
    assert "nobody answered the question; --yes goes on without it" in said.err
    assert icadmin("biller", "add", bid, "Astoria OR", ZONE, typed="y\n").code == 0
    assert "there already" in icadmin("biller", "add", bid, "Astoria OR", ZONE, "--yes").err


def test_values_are_set_as_they_come(icadmin, draft):
    set_ = ("biller", "set", draft, "--yes")
    assert icadmin(*set_, "subdomain=astoriaor", "connectVersion=2025.11.014", *CODES).code == 0
    assert icadmin(*set_, "contacts.csm.name=Jane Doe", "contacts.csm.phone=555-0100", "slots=1").code == 0
    found = record(icadmin, draft)
    assert found["applications"]["AR"]["categoryCode"] == "07"
    assert (found["contacts"]["csm"]["phone"], found["slots"]) == ("555-0100", 1)
    assert icadmin(*set_, "slots=", "contacts.csm.phone=").code == 0
    found = record(icadmin, draft)
    assert "slots" not in found
    assert found["contacts"] == {"csm": {"name": "Jane Doe"}}


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("subdomain", "write name=value"),
        ("subdomain=New Port", "subdomain: String should match pattern"),
        ("timeZone=Mars/Olympus", "timeZone: not an IANA time zone."),
        ("timeZone=", "timeZone: Field required."),
        ("nmae=Newport", "a biller has no field nmae. It has:"),
        ("contacts.csm.fone=5", "contacts.csm.name: Field required."),
        ("contacts.boss.name=Ada", "contacts.boss.name: a biller has no such field."),
        ("name.first=x", "name is one value and has no fields"),
        ("applications.AR.categoryCode=12", "applications.AR.distributionCode: Field required."),
        ("connectVersion=latest", "connectVersion: String should match pattern"),
        ("licences.CRW40000=soon", "licences.CRW40000: Input should be a valid date"),
        ("renewalConsent=perhaps", "renewalConsent: Input should be a valid boolean"),
        ("mode=live", "use `biller shadow`, `go-live` and `retire`"),
        ("mode=alive", "mode: Input should be 'draft'"),
        ("goLiveAt=2026-11-01T00:00:00Z", "`biller go-live` sets it"),
        ("paused.reason=x", "use `biller pause`"),
        ("billerId=1", "a biller keeps its id"),
        ("=x", "a biller has no field"),
        (".=x", "a biller has no field"),
        ("name.=x", "name is one value"),
    ],
)
def test_a_wrong_value_is_one_sentence(icadmin, draft, assignment, says):
    said = icadmin("biller", "set", draft, assignment, "--yes")
    assert said.code == 2
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert "name" in record(icadmin, draft)


def test_without_values_the_missing_ones_are_asked_for_and_checked_as_typed(icadmin, draft):
    typed = "Jane Doe\nPat\n\nlatest\n2025.11.014\n\nastoriaor\n\n\n\n07\n0701\n7\n8\n\ny\n"
    said = icadmin("biller", "set", draft, typed=typed)
    assert said.code == 0, said.err
    assert "connectVersion: String should match pattern" in said.err
    found = record(icadmin, draft)
    assert (found["subdomain"], found["connectVersion"]) == ("astoriaor", "2025.11.014")
    assert found["applications"]["AR"]["paymentCodes"] == {"ACH": "7", "CC": "8"}


def test_what_is_so_already_is_no_change(icadmin, draft):
    said = icadmin("biller", "set", draft, "name=Astoria OR")
    assert (said.code, said.out) == (0, "Nothing to change.\n")


class TestFiles:
    def test_export_and_import_bring_back_the_same(self, icadmin, draft, tmp_path):
        icadmin("biller", "set", draft, "--yes", "subdomain=astoriaor", *CODES)
        file = tmp_path / "astoria.yaml"
        assert icadmin("biller", "export", draft, "--out", file).code == 0
        [written] = yaml.safe_load(file.read_text())
        assert "mode" not in written
        assert written["applications"]["AR"]["categoryCode"] == "07"
        icadmin("biller", "set", draft, "--yes", "subdomain=", "name=Elsewhere")
        said = icadmin("biller", "import", file, "--json", "--yes")
        changed = {row["field"]: (row["was"], row["becomes"]) for row in said.json}
        assert changed == {"subdomain": (None, "astoriaor"), "name": ("Elsewhere", "Astoria OR")}
        assert icadmin("biller", "import", file).out == "Nothing to change.\n"

    def test_codes_keep_their_leading_zeros_without_quotes(self, icadmin, bid, tmp_path):
        file = tmp_path / "new.yaml"
        codes = "{categoryCode: 07, distributionCode: 0701, paymentCodes: {ACH: 010, CC: 8}}"
        file.write_text(
            f"billerId: {bid}\nname: Astoria OR\ntimeZone: {ZONE}\nslots: 1\napplications: {{AR: {codes}}}\n"
        )
        assert icadmin("biller", "import", file, "--yes").code == 0
        found = record(icadmin, bid)
        assert found["applications"]["AR"]["paymentCodes"]["ACH"] == "010"
        assert (found["mode"], found["slots"]) == ("draft", 1)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("a: [", "this is not YAML"),
            ("7", "a biller is a list of `name: value` lines"),
            ("- billerId: 1\n  name: a", "biller 1: timeZone: Field required."),
            ("billerId: 1\nname: a\ntimeZone: UTC\nmode: live", "mode is not imported"),
            ("billerId: 1\nname: a\ntimeZone: UTC\nclientSecret: x", "a biller has no field clientSecret"),
            ("- {billerId: 1, name: a, timeZone: UTC}\n- {billerId: 1, name: b, timeZone: UTC}", "is there twice"),
            ("&a [*a]", "this is not YAML"),
            ("\x00", "this is not YAML"),
        ],
    )
    def test_a_file_that_is_wrong_changes_nothing(self, icadmin, tmp_path, text, says):
        file = tmp_path / "wrong.yaml"
        file.write_text(text)
        said = icadmin("biller", "import", file, "--yes")
        assert said.code == 2
        assert says in said.err
        assert len(said.err.splitlines()) == 1

    def test_a_file_that_is_not_there(self, icadmin, tmp_path):
        assert "cannot be read: No such file" in icadmin("biller", "import", tmp_path / "no.yaml").err
        assert "cannot be written: Is a directory" in icadmin("biller", "export", "2493", "--out", tmp_path).err

    def test_a_copy_leaves_behind_what_names_the_other(self, icadmin, draft, bid):
        icadmin("biller", "set", draft, "--yes", "subdomain=astoriaor", "slots=1", "contacts.csm=Jane", *CODES)
        new = str(int(bid) + 500_000)
        assert icadmin("biller", "copy", new, "Seaside OR", "--from", draft, "--yes").code == 0
        found = record(icadmin, new)
        assert (found["name"], found["slots"], found["applications"]["AR"]["distributionCode"]) == (
            "Seaside OR",
            1,
            "0701",
        )
        assert {"subdomain", "contacts"} & found.keys() == set()


def test_changes_are_in_the_audit(icadmin, draft):
    icadmin("biller", "set", draft, "slots=1", "--yes", "--reason", "old release")
    rows = icadmin("audit", draft, "--json").json
    assert [(row["what"], row["why"]) for row in rows] == [("biller.add", ""), ("biller.set", "old release")]
    assert (rows[1]["before"], rows[1]["after"]) == ({"slots": None}, {"slots": 1})
    assert rows[1]["who"]["objectId"] == "local"
    assert "old release" in icadmin("audit", draft).out


def test_list_shows_every_biller(icadmin, draft):
    rows = icadmin("biller", "list", "--json").json
    assert {"2493", draft} <= {row["billerId"] for row in rows}
    assert draft in icadmin("biller", "list").out


@pytest.mark.parametrize("biller_id", ["", "24a93", "1234567890", "٣", "-1"])
def test_an_id_that_cannot_be(icadmin, biller_id):
    said = icadmin("biller", "show", "--", biller_id)
    assert said.code == 2
    assert "a biller id is 1 to 9 digits" in said.err


def test_an_unknown_biller_is_one_sentence(icadmin, bid):
    for command in (("show",), ("set", "slots=1"), ("export",)):
        said = (
            icadmin("biller", command[0], bid, *command[1:], "--yes")
            if command[0] == "set"
            else icadmin("biller", command[0], bid)
        )
        assert (said.code, said.err.startswith(f"There is no biller {bid} here")) == (2, True)


def test_two_admins_at_once_do_not_overwrite_each_other(stack, state, draft):
    async def both():
        async with opened(of_stack(state / "stack.json")) as stamp:
            before = await known(stamp, draft)
            changes = [before.model_copy(update={"name": name}) for name in ("first", "second")]
            return await asyncio.gather(
                *(change(stamp, "biller.set", before, after) for after in changes), return_exceptions=True
            )

    ended = asyncio.run(both())
    assert sorted(type(each) for each in ended if each) == [WrongUse]


class TestCapabilities:
    def test_an_override_goes_before_the_release_and_keeps_its_reason(self, icadmin, bid):
        icadmin("biller", "add", bid, "Newport OR", "America/Los_Angeles", "--yes")
        icadmin("biller", "set", bid, "connectVersion=2024.05", "--yes")
        assert capability(icadmin, bid, "void_receipt")["there"] is False
        path = "capabilityOverrides.void_receipt"
        said = icadmin("biller", "set", bid, f"{path}.enabled=true", f"{path}.reason=Patched, says Jane", "--yes")
        assert said.code == 0
        found = capability(icadmin, bid, "void_receipt")
        assert (found["there"], found["because"]) == (True, "overridden: Patched, says Jane")
        assert capability(icadmin, bid, "receipt")["there"] is False
        assert "Patched, says Jane" in icadmin("audit", "--json").out
        assert icadmin("biller", "set", bid, f"{path}=", "--yes").code == 0
        assert capability(icadmin, bid, "void_receipt")["there"] is False

    @pytest.mark.parametrize("values", [("enabled=true",), ("enabled=true", "reason= "), ("enabled=maybe", "reason=x")])
    def test_an_override_without_a_reason_or_a_plain_word_is_refused(self, icadmin, bid, values):
        icadmin("biller", "add", bid, "Newport OR", "America/Los_Angeles", "--yes")
        said = icadmin("biller", "set", bid, *(f"capabilityOverrides.receipt.{each}" for each in values), "--yes")
        assert said.code == 2
        assert "capabilityOverrides" in said.err
        assert capability(icadmin, bid, "receipt")["because"] == "since 2025.11; its release is not known"

    def test_a_capability_that_nobody_knows_is_refused(self, icadmin, bid):
        icadmin("biller", "add", bid, "Newport OR", "America/Los_Angeles", "--yes")
        path = "capabilityOverrides.fly"
        assert icadmin("biller", "set", bid, f"{path}.enabled=true", f"{path}.reason=x", "--yes").code == 2

    def test_it_comes_with_the_yaml_file_too(self, icadmin, bid, tmp_path):
        path = tmp_path / "biller.yaml"
        path.write_text(yaml.safe_dump({**NEW_ONE, "billerId": bid, "capabilityOverrides": OVERRIDE}))
        assert icadmin("biller", "import", path, "--yes").code == 0
        assert capability(icadmin, bid, "online_workspaces")["means"] == "several workspaces may be for online payments"


NEW_ONE = {"name": "Newport OR", "timeZone": "America/Los_Angeles"}
OVERRIDE = {"online_workspaces": {"enabled": True, "reason": "The clerk sees two"}}


def capability(icadmin, biller, name):
    shown = icadmin("biller", "show", biller, "--json").json["capabilities"]
    return next(each for each in shown if each["capability"] == name)
