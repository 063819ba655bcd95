"""Each role against the operations that app, host, people and Invoice Cloud do: no less than they take, and no more."""

import re
from pathlib import Path

import pytest

from tests.infra.agreement import inbound_queues, used_queues, used_tables
from tests.infra.grants import CUSTOM, THE_APP, granted
from tests.infra.queries import STAMP
from tests.infra.rights import TAKES
from tests.infra.roles import BUILT_IN
from tests.infra.stamp import at

ROOT = Path(__file__).parents[2]
TABLE_CALLS = {
    "get_entity": "Query Entities",
    "query_entities": "Query Entities",
    "list_entities": "Query Entities",
    "create_entity": "Insert Entity",
    "update_entity": "Update Entity",
    "upsert_entity": "Upsert Entity",
    "delete_entity": "Delete Entity",
}
QUEUE_CALLS = {
    "send_message": "Put Message",
    "receive_messages": "Get Messages",
    "delete_message": "Delete Message",
    "peek_messages": "Peek Messages",
    "get_queue_properties": "Get Queue Metadata",
}
BLOB_CALLS = {"upload_blob": "Put Blob", "download_blob": "Get Blob", "list_blobs": "List Blobs"}
VAULT_CALLS = {
    "get_secret": "Get Secret",
    "set_secret": "Set Secret",
    "recover_deleted_secret": "Recover Deleted Secret",
}

# Of the functions host 4.1037, as it was seen to work: it locks, keeps its keys and its package in blobs, and makes what
# it misses; the platform asks for the length of queues to scale by.
HOST_ON_QUEUES = (
    "Get Messages",
    "Delete Message",
    "Update Message",
    "Put Message",
    "Create Queue",
    "Get Queue Metadata",
)
HOST_ON_BLOBS = ("Create Container", "Get Blob", "List Blobs", "Put Blob", "Lease Blob", "Delete Blob", "Own Blobs")

PEOPLE = {
    "readerGroupIds": (),
    "operatorGroupIds": ("ledger", "quarantine", "audit"),
    "configGroupIds": ("billers", "callbackkeys", "authorizations", "tokens", "audit"),
    "vaultGroupIds": ("audit",),
}
"""Which tables the commands of a group write."""
CHANGERS = [group for group, written in PEOPLE.items() if written]

LARGER = {
    "Storage Blob Data Owner": "the host demands the owner's role",
    "Key Vault Secrets Officer": "people also delete what a city no longer has",
    "Log Analytics Reader": "the smallest that reads logs",
}
"""Roles that may be larger than what is done with them, and why."""


def calls(names, *patterns):
    """Operations that the code calls the SDK for."""
    code = "".join(path.read_text(encoding="utf-8") for each in patterns for path in sorted(ROOT.glob(each)))
    return {names[name] for name in re.findall(r"\.(\w+)\(", code) if name in names}


def needs(who):
    """Operations of one principal, each with where."""
    if who == THE_APP:
        written = {"Insert Entity", "Update Entity", "Upsert Entity", "Delete Entity", "Query Entities"}
        assert calls(TABLE_CALLS, "shared/azure_stores/*.py") == written
        yield from ((each, f"table `{table}`") for table in used_tables() for each in written)
        yield from ((each, f"queue `{queue}`") for queue in used_queues() for each in HOST_ON_QUEUES)
        yield from ((each, "container `azure-webjobs-hosts`") for each in HOST_ON_BLOBS)
        yield from ((each, "the vault") for each in calls(VAULT_CALLS, "shared/azure_stores/key_vault.py"))
        yield "Send Telemetry", "Application Insights"
    elif who == "icSenderPrincipalIds":
        yield from (("Put Message", f"queue `{queue}`") for queue in inbound_queues())
    elif who == "icResultsPrincipalIds":
        taken = calls(QUEUE_CALLS, "local/traffic.py") - {"Put Message"}
        yield from ((each, "queue `posting-results`") for each in taken)
    else:
        yield from _of_people(who)


def _of_people(who):
    yield from (("Query Entities", f"table `{table}`") for table in used_tables())
    changed = calls(TABLE_CALLS, "shared/azure_stores/*.py", "admin/audit.py") - {"Query Entities"}
    yield from ((each, f"table `{table}`") for table in PEOPLE[who] for each in changed)
    if who in CHANGERS:
        yield from ((each, "container `audit`") for each in calls(BLOB_CALLS, "admin/audit_copies.py"))
        yield "Send Telemetry", "Application Insights"
    if who == "vaultGroupIds":
        yield from (
            (each, "the vault") for each in ("Get Secret", "Set Secret", "Recover Deleted Secret", "Delete Secret")
        )
    else:
        yield "Query Logs", "the log workspace"
    if who == "readerGroupIds":
        yield from (("Get Blob", f"container `{each}`") for each in ("audit", "insights-logs-auditevent"))


def holds(place, on):
    """Whether a grant at a place reaches what is there."""
    audited = on == "container `audit`" or on.startswith("container `insights-")
    inside = "the audit's account" if audited else "the storage account"
    return place == on or (place == inside and on.startswith(("table", "queue", "container")))


def rights_of(grant):
    if grant.role == CUSTOM:
        [role] = STAMP.of_type("Microsoft.Authorization/roleDefinitions")
        return frozenset(at(role.body, "properties.permissions.0.dataActions"))
    return next(each.rights for each in BUILT_IN.values() if each.name == grant.role)


def allows(rights, right):
    return any(re.fullmatch(re.escape(each).replace(r"\*", ".*"), right) for each in rights)


def covered(operation, on, grants):
    rights = [each for grant, each in grants if holds(grant.on, on)]
    return any(all(any(allows(each, right) for each in rights) for right in way) for way in TAKES[operation])


WHO = [THE_APP, "icSenderPrincipalIds", "icResultsPrincipalIds", *PEOPLE]
GRANTS = [(grant, rights_of(grant)) for grant in sorted(granted(STAMP))]


def of(who):
    return [(grant, rights) for grant, rights in GRANTS if grant.who == who]


def test_rights_are_granted_to_nobody_else():
    assert {grant.who for grant, _ in GRANTS} == set(WHO)


@pytest.mark.parametrize("who", WHO)
def test_nobody_lacks_a_right_that_an_operation_takes(who):
    assert [each for each in needs(who) if not covered(*each, of(who))] == []


@pytest.mark.parametrize("who", WHO)
def test_nobody_has_a_role_that_no_operation_takes(who):
    wanted, given = [*needs(who)], of(who)
    for grant in given:
        others = [each for each in given if each != grant]
        assert [each for each in wanted if not covered(*each, others)], grant[0]


@pytest.mark.parametrize("who", WHO)
def test_no_smaller_role_would_do(who):
    wanted, given = [*needs(who)], of(who)
    for grant, rights in given:
        others = [each for each in given if each[0] != grant]
        smaller = [each for each in BUILT_IN.values() if each.rights < rights and grant.role not in LARGER]
        enough = [
            each.name for each in smaller if all(covered(*one, [*others, (grant, each.rights)]) for one in wanted)
        ]
        assert enough == [], grant


def test_no_command_looks_into_a_queue():
    """So nobody needs to be let in."""
    assert calls(QUEUE_CALLS, "admin/**/*.py", "shared/**/*.py") == set()
