"""``icadmin payments`` and ``report`` at the running stack, over Azurite."""

import asyncio
import csv
import io
import json
from datetime import UTC, date, datetime

import pytest
from azure.storage.queue import QueueClient

from admin.address import of_stack
from admin.stamp import opened
from shared.azure_stores.table_control_totals import TableControlTotals
from shared.azure_stores.table_findings import TableFindings
from shared.azure_stores.table_quarantine import TableQuarantine
from shared.exchange.quarantine import quarantined
from shared.ledger import settle
from shared.ledger.due import due_of, to_message
from shared.ledger.entry import Key, Kind
from shared.payments.message import parse
from shared.payments.post import Desk, PostPayment
from shared.reconciliation.finding import Finding, What
from tests.fakes.quarantine import row_of_an_earlier_release
from tests.payments.world import body, message
from tests.waiting import until_now

DAY = "2026-11-23"
WHY = ("--reason", "the clerk said so", "--yes")
SEEN = ("--override", *WHY)
"""These billers have no record here, so that Caselle cannot be asked."""


@pytest.fixture
def at(stack, state):
    """Does something with the stamp's stores."""
    assert stack.functions_url

    def run(work):
        async def worked():
            async with opened(of_stack(state / "stack.json")) as stamp:
                return await work(stamp)

        return asyncio.run(worked())

    return run


@pytest.fixture
def hold(at, bid):
    """Writes held payments of a biller of the test's own."""

    def hold(reason, *, sent_at=None, **changes):
        fields = message(billerId=bid, settlementDate=DAY, **changes)

        async def write(stamp):
            payment = parse(body(fields))
            draft = PostPayment(_desk(stamp))._draft(payment, f"m-{payment.payment_id}", None)
            fresh = stamp.ledger.fresh(draft)
            return await stamp.ledger.begin(settle.held(fresh, reason, stamp.ledger.now()))

        at(write)
        return fields["paymentId"]

    return hold


def _desk(stamp):
    unused = ("billers", "send_once", "chain", "receipting", "quarantine", "times", "regions")
    return Desk(ledger=stamp.ledger, **dict.fromkeys(unused))


def shown(icadmin, bid, id_):
    return icadmin("payments", "show", bid, id_, "--json").json


class TestLooking:
    def test_held_is_grouped_by_cause_the_longest_held_first(self, icadmin, bid, hold):
        hold("unknown_tender", amount="1.00", allocations=None)
        hold("outcome_unknown", amount="2.00", allocations=None)
        hold("unknown_tender", amount="4.00", allocations=None)
        found = icadmin("payments", "held", bid, "--json").json
        assert [(each["cause"], each["held"], each["amount"]) for each in found["causes"]] == [
            ("unknown_tender", 2, "5.00"),
            ("outcome_unknown", 1, "2.00"),
        ]
        assert [each["amount"] for each in found["entries"]] == ["1.00", "2.00", "4.00"]
        assert all(each["whatToDo"] for each in found["causes"])
        said = icadmin("payments", "held", bid)
        assert "no payment code for this tender" in said.out
        assert said.out.count("unknown_tender") == 3

    def test_nothing_is_held(self, icadmin, bid):
        assert "Nothing is held." in icadmin("payments", "held", bid).out

    def test_one_is_shown_event_by_event(self, icadmin, bid, hold):
        id_ = hold("unknown_tender")
        commands = shown(icadmin, bid, id_)["commands"]
        assert [each["command"].split()[0] for each in commands] == ["retry", "resolve", "resolve"]
        assert "by hand" in commands[0]["asksFirst"]
        icadmin("payments", "resolve", bid, id_, "--posted", "5.00010", *SEEN)
        found = shown(icadmin, bid, id_)
        assert found["commands"] == []
        assert [(each["was"], each["became"], each["by"], each["why"]) for each in found["events"]] == [
            ("", "held", "", ""),
            ("held", "posted", "local", "the clerk said so"),
        ]
        assert (found["state"], found["receipt"], found["tender"]) == ("posted", "5.00010", "ACH")
        assert "the clerk said so" in icadmin("payments", "show", bid, id_.upper()).out

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ([], 3),
            (["--state", "held"], 3),
            (["--state", "posted"], 0),
            (["--cause", "too_old"], 1),
            (["--tender", "CC"], 1),
            (["--customer", "777"], 1),
            (["--from", DAY, "--to", DAY], 3),
            (["--from", "2026-11-24", "--to", "2026-11-30"], 0),
            (["--kind", "achReject"], 0),
            (["--older-than", "1"], 0),
        ],
    )
    def test_lists_are_filtered(self, icadmin, bid, hold, options, expected):
        hold("too_old")
        hold("unknown_tender", tender="CC")
        hold("unknown_tender", customerNumber="777")
        assert len(icadmin("payments", "list", bid, *options, "--json").json) == expected

    def test_a_list_is_written_in_three_forms(self, icadmin, bid, hold):
        id_ = hold("too_old", customerNumber="=1+1")
        lines = icadmin("payments", "list", bid).out.splitlines()
        assert len(lines) == 2
        assert id_ in lines[1]
        [row] = csv.DictReader(io.StringIO(icadmin("payments", "list", bid, "--format", "csv").out))
        assert (row["id"], row["amount"], row["customer"]) == (id_, "125.40", "'=1+1")
        [record] = icadmin("payments", "list", bid, "--format", "json").json
        assert (record["id"], record["customer"]) == (id_, "=1+1")


class TestActing:
    def test_one_is_resolved_and_the_audit_says_who_and_why(self, icadmin, bid, hold):
        id_, other = hold("too_old"), hold("too_old")
        said = icadmin("payments", "resolve", bid, id_, "--not-posted", *WHY)
        assert said.code == 0
        assert (shown(icadmin, bid, id_)["state"], shown(icadmin, bid, other)["state"]) == ("not_posted", "held")
        [change] = icadmin("audit", f"{bid}~payment~{id_}", "--json").json
        assert (change["what"], change["why"], change["who"]["objectId"]) == (
            "payments.resolve",
            "the clerk said so",
            "local",
        )

    def test_a_second_one_is_too_late(self, icadmin, bid, hold):
        id_ = hold("too_old")
        icadmin("payments", "resolve", bid, id_, "--not-posted", *WHY)
        said = icadmin("payments", "resolve", bid, id_, "--posted", "5.00011", *SEEN)
        assert said.code == 1
        assert "It is not_posted; only what is held, in doubt or waits" in " ".join(said.out.split())

    def test_many_are_retried_after_a_preview_with_their_total(self, icadmin, bid, hold):
        ids = [hold("unknown_tender", amount="10.01", allocations=None) for _ in range(3)]
        kept = hold("too_old")
        retry = ("payments", "retry", bid, "--cause", "unknown_tender", "--reason", "code set")
        asked = icadmin(*retry, "--yes", typed="n\n")
        assert asked.code == 1
        assert "nobody entered any of these 3 in Caselle by hand" in asked.err
        asked = icadmin(*retry, "--not-by-hand", typed="n\n")
        assert asked.code == 1
        assert "payments.retry: 3, 30.03 in all?" in asked.err
        assert {shown(icadmin, bid, id_)["state"] for id_ in ids} == {"held"}
        done = icadmin(*retry, "--json", typed="y\ny\n")
        assert (done.code, len(done.json["changed"])) == (0, 3)
        assert shown(icadmin, bid, kept)["state"] == "held"

    def test_all_of_a_cause_are_ended(self, icadmin, bid, hold):
        ids, kept = [hold("unknown_tender") for _ in range(2)], hold("too_old")
        said = icadmin("payments", "resolve", bid, "--cause", "unknown_tender", "--not-posted", *WHY)
        assert said.code == 0
        assert {shown(icadmin, bid, id_)["state"] for id_ in ids} == {"not_posted"}
        assert shown(icadmin, bid, kept)["state"] == "held"
        [change] = icadmin("audit", f"{bid}~payment~{ids[0]}", "--json").json
        assert (change["before"]["state"], change["after"]["state"]) == ("held", "not_posted")

    def test_of_many_those_that_may_not_are_listed(self, icadmin, bid, hold):
        first = message(billerId=bid)["confirmationNumber"]
        hold("too_old", confirmationNumber=first)
        other = hold("confirmation_reused", confirmationNumber=f"{first}X")
        said = icadmin("payments", "resolve", bid, other, "--posted", "5.0001", *WHY)
        assert said.code == 1
        assert "lost its last zeros" in said.out

    def test_a_city_s_answers_come_back(self, icadmin, bid, hold, tmp_path):
        there, never, absent = hold("before_go_live"), hold("outcome_unknown"), hold("before_go_live")
        hold("unknown_tender")
        sheet = tmp_path / "questions.csv"
        assert icadmin("payments", "ask", bid, "--out", sheet, "--json").json["questions"] == 3
        assert sheet.stat().st_mode & 0o777 == 0o600
        rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
        for row in rows:
            row["answer"] = {there: "Posted", never: "never", absent: "not there"}[row["payment id"]]
            row["receipt number"] = "5.00020" if row["payment id"] == there else ""
        with sheet.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        said = icadmin("payments", "resolve", bid, "--from", sheet, *WHY)
        assert said.code == 0, said.out + said.err
        found = shown(icadmin, bid, there)
        assert (found["state"], found["receipt"]) == ("posted", "5.00020")
        assert found["events"][-1]["why"].startswith("the clerk said so (the city's sheet, line ")
        assert shown(icadmin, bid, never)["state"] == "not_posted"
        assert shown(icadmin, bid, absent)["state"] == "received"

    def test_a_sheet_with_a_wrong_line_changes_nothing(self, icadmin, bid, hold, tmp_path):
        id_ = hold("before_go_live")
        sheet = tmp_path / "questions.csv"
        icadmin("payments", "ask", bid, "--out", sheet)
        sheet.write_text(sheet.read_text().rstrip().removesuffix(",,") + ",maybe,\n")
        said = icadmin("payments", "resolve", bid, "--from", sheet, *WHY)
        assert said.code == 2
        assert "Line 2: the answer is one of posted, not there, never." in said.err
        assert shown(icadmin, bid, id_)["state"] == "held"

    def test_a_sheet_of_one_city_never_ends_another_s_payments(self, icadmin, bid, hold, at, tmp_path):
        mine, theirs = hold("before_go_live"), hold("before_go_live")
        sheet = tmp_path / "questions.csv"
        icadmin("payments", "ask", bid, "--out", sheet)
        rows = list(csv.reader(io.StringIO(sheet.read_text())))
        rows = [[*row[:-2], "never", ""] if number else row for number, row in enumerate(rows)]
        for row in rows:
            row[0] = "2137" if row[1] == theirs else row[0]
        with sheet.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        other = icadmin("payments", "resolve", "2137", "--from", sheet, *WHY)
        assert other.code == 1
        assert "the ledger knows no payment" in other.err
        said = icadmin("payments", "resolve", bid, "--from", sheet, *WHY)
        assert (said.code, "changes nothing: it is of biller 2137." in said.err) == (1, True)
        assert "1 of 2 lines change nothing" in said.err
        assert [shown(icadmin, bid, each)["state"] for each in (mine, theirs)] == ["not_posted", "held"]

    def test_a_sheet_is_taken_once(self, icadmin, bid, hold, tmp_path):
        id_ = hold("before_go_live")
        sheet = tmp_path / "questions.csv"
        icadmin("payments", "ask", bid, "--out", sheet)
        sheet.write_text(sheet.read_text().rstrip().removesuffix(",,") + ",never,\n")
        assert icadmin("payments", "resolve", bid, "--from", sheet, *WHY).code == 0
        again = icadmin("payments", "resolve", bid, "--from", sheet, *WHY)
        assert (again.code, "is not_posted: nothing is asked about it now" in again.err) == (1, True)
        assert shown(icadmin, bid, id_)["version"] == 2

    def test_a_sheet_needs_its_biller(self, icadmin):
        said = icadmin("payments", "resolve", "--from", __file__, *WHY)
        assert (said.code, "Name the biller whose sheet it is" in said.err) == (2, True)

    def test_results_are_listed_and_told_again(self, icadmin, stack, bid, hold, at):
        id_ = hold("too_old")
        listed = icadmin("payments", "results", bid, "--since", "2026-01-01", "--json").json
        assert [each["id"] for each in listed] == [id_]
        assert icadmin("payments", "results", bid, "--since", "2999-01-01", "--json").json == []
        told = icadmin("payments", "results", bid, "--since", "2026-01-01", "--resend", *WHY, "--json").json
        assert told == {"told": 1}
        result = _reported(stack, at, Key(bid, Kind.PAYMENT, id_))
        assert (result["outcome"], result["version"], result["reason"]["code"]) == ("held", 1, "too_old")

    @pytest.mark.parametrize("earlier", [False, True])
    def test_a_repaired_message_takes_the_place_of_one_in_quarantine(self, icadmin, bid, at, tmp_path, earlier):
        """Whatever its id holds; also one that an earlier release has set aside, whose key was its id."""
        wrong, id_ = message(billerId=bid, amount="1,000.00", allocations=None), f"q-{bid}" if earlier else f"q/{bid}#?"
        item = quarantined("payments", id_, body(wrong), reason="rule_broken", detail="amount", at=datetime.now(UTC))
        if earlier:
            at(lambda stamp: stamp.stores.table("quarantine").create_entity(row_of_an_earlier_release(item)))
        else:
            at(lambda stamp: TableQuarantine(stamp.stores.table("quarantine")).keep(item))
        listed = icadmin("payments", "quarantine", "--json").json
        assert id_ in {each["messageId"] for each in listed}
        repaired = tmp_path / "repaired.json"
        repaired.write_text(json.dumps(wrong | {"amount": "1000.00"}))
        said = icadmin("payments", "replay", "payments", id_, "--from", repaired, *WHY, "--json")
        assert said.code == 0, said.err
        found = shown(icadmin, bid, wrong["paymentId"])
        assert (found["state"], found["amount"], found["messageId"]) == ("held", "1000.00", id_)
        assert id_ not in {each["messageId"] for each in icadmin("payments", "quarantine", "--json").json}
        again = icadmin("payments", "replay", "payments", id_, "--discard", *WHY)
        assert (again.code, "resolved already" in again.err) == (2, True)

    def test_a_customer_is_exported_and_erased(self, icadmin, bid, hold, tmp_path):
        id_, held = hold("too_old", payerName="Ada Byron"), hold("too_old", payerName="Ada Byron")
        out = tmp_path / "ada.json"
        assert icadmin("payments", "export", bid, "--customer", "000412", "--out", out).code == 0
        assert out.stat().st_mode & 0o777 == 0o600
        assert out.read_text().count("Ada Byron") == 2
        icadmin("payments", "resolve", bid, id_, "--posted", "5.00030", *SEEN)
        refused = icadmin("payments", "erase", bid, "--customer", "000412", *WHY)
        assert refused.code == 1
        assert held in refused.out
        icadmin("payments", "resolve", bid, held, "--not-posted", *WHY)
        said = icadmin("payments", "erase", bid, "--customer", "000412", *WHY, "--json")
        assert (said.code, said.json) == (0, {"erased": 2})
        icadmin("payments", "export", bid, "--customer", "000412", "--out", out)
        assert json.loads(out.read_text()) == []
        assert shown(icadmin, bid, id_)["amount"] == "125.40"
        [change] = [
            each
            for each in icadmin("audit", "--json").json
            if each["what"] == "payments.erase" and bid in each["subject"]
        ]
        assert "000412" not in json.dumps(change)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["retry", "2493", "pay"], "Say why, with --reason"),
            (["retry", "2493", *WHY], "Name one entry by biller and id, or many by --cause."),
            (["retry", "2493", "no-such", *WHY], "The ledger knows no payment no-such of biller 2493."),
            (["retry", "2493", "--cause", "never-heard", *WHY], "Nothing that is held fits."),
            (["resolve", *WHY], "Name one entry by biller and id"),
            (["resolve", "2493", "pay", *WHY], "Say one of --posted RECEIPT, --done, --not-posted and --reopen."),
            (["resolve", "2493", "pay", "--done", "--not-posted", *WHY], "Say one of"),
            (["resolve", "2493", "pay", "--done", *WHY], "A payment is resolved with --posted RECEIPT"),
            (["resolve", "2493", "--from", "/no/such.csv", *WHY], "cannot be read: No such file"),
            (["resolve", "2493", "--from", __file__, *WHY], "is no sheet of questions"),
            (["replay", "payments", "x", *WHY], "Give the repaired message with --from"),
            (["replay", "payments", "x", "--discard", *WHY], "Nothing of queue payments with message id x"),
            (["replay", "payments", "x", "--from", "/no/such", *WHY], "cannot be read"),
            (["show", "2493", "a/b"], "an id is 1 to 64 letters"),
            (["show", "abc", "pay"], "a biller id is 1 to 9 digits"),
            (["list", "--state", "lost"], "Invalid value for '--state'"),
            (["list", "--from", "Monday"], "Invalid value for '--from'"),
            (["results"], "Missing option '--since'"),
            (["ask", "2493", "--out", "/no/such/folder/x.csv"], "There is nothing to ask."),
        ],
    )
    def test_wrong_use_is_one_sentence(self, icadmin, arguments, says):
        said = icadmin("payments", *arguments)
        assert says in said.err + said.out
        assert "Traceback" not in said.err + said.out
        assert said.code == (0 if "nothing to ask" in says else 2)


class TestReport:
    @pytest.fixture
    def city(self, icadmin, bid):
        icadmin("biller", "add", bid, "Cañon City", "America/Los_Angeles", "--yes")
        return bid

    def test_figures_lines_and_findings(self, icadmin, city, hold, at):
        posted, _ = hold("too_old", customerNumber="<b>7"), hold("too_old", amount="1.00", allocations=None)
        icadmin("payments", "resolve", city, posted, "--posted", "5.00040", *SEEN)
        finding = Finding(DAY, What.NOT_ENQUEUED, "pay-lost", "never came")
        at(
            lambda stamp: TableFindings(stamp.stores.table("reconciliation")).replace(
                city, date(2026, 11, 24), [finding]
            )
        )
        span = ["--from", DAY, "--to", DAY]
        found = icadmin("report", city, *span, "--lines", "receipt", "--json").json
        [row] = found["totals"]
        assert (row["received"], row["receivedAmount"], row["postedAmount"], row["heldAmount"], row["net"]) == (
            2,
            "126.40",
            "125.40",
            "1.00",
            "125.40",
        )
        assert {line["receipt"] for line in found["lines"]} == {"5.00040", ""}
        assert [each["what"] for each in found["findings"]] == ["not_enqueued"]
        table = icadmin("report", city, *span).out
        assert "125.40" in table
        assert "never came" in table
        [figures] = csv.DictReader(io.StringIO(icadmin("report", city, *span, "--format", "csv").out))
        assert (figures["tender"], figures["net"]) == ("ACH", "125.40")

    def test_the_clerk_s_sheet_is_one_page_of_escaped_html(self, icadmin, city, hold, tmp_path):
        hold("too_old", customerNumber="<script>")
        out = tmp_path / "monday.html"
        assert icadmin("report", city, "--from", DAY, "--format", "html", "--out", out).code == 0
        page = out.read_text()
        assert page.startswith("<!doctype html>")
        assert "&lt;script&gt;" in page
        assert "<script>" not in page

    def test_no_such_biller(self, icadmin):
        said = icadmin("report", "999999")
        assert (said.code, "There is no biller 999999" in said.err) == (2, True)

    def test_days_in_the_wrong_order(self, icadmin, city):
        assert icadmin("report", city, "--from", DAY, "--to", "2026-11-01").code == 2


def test_what_is_resolved_here_is_told_by_the_stamp(icadmin, stack, bid, hold, at):
    """The command writes the ledger; the host tells Invoice Cloud."""
    id_ = hold("too_old")
    icadmin("payments", "resolve", bid, id_, "--posted", "5.00050", *SEEN)
    told = _reported(stack, at, Key(bid, Kind.PAYMENT, id_))
    assert (told["outcome"], told["receiptNumber"], told["version"]) == ("posted", "5.00050", 2)


def test_a_control_total_is_kept_as_it_comes(stack, at):
    total = {"schemaVersion": 1, "billerId": "2493", "application": "AR", "tender": "ACH", "day": DAY}
    total |= {"depositId": "d-1", "count": 2, "amount": "250.80"}
    with QueueClient.from_connection_string(stack.storage, "control-totals") as queue:
        queue.send_message(json.dumps(total))

    def kept():
        day = date.fromisoformat(DAY)
        return at(lambda stamp: TableControlTotals(stamp.stores.table("controltotals")).of("2493", day, day))

    [found] = until_now(kept)
    assert (found.count, int(found.amount), found.deposit_id) == (2, 25080, "d-1")


def _reported(stack, at, key):
    """The result that the host tells, given the step that its sweeper would send; the entry has no more to report."""
    entry = at(lambda stamp: stamp.ledger.read(key))
    queue = QueueClient.from_connection_string(stack.storage, "due")
    results = QueueClient.from_connection_string(stack.storage, "posting-results")
    with queue, results:
        queue.send_message(to_message(due_of(entry)))
        told = _first(results, key.id)
    until_now(lambda: at(lambda stamp: stamp.ledger.read(key)).due is None)
    return told


def _first(results, id_):
    """The first result about an entry."""

    def told():
        for each in results.receive_messages(max_messages=32):
            said = json.loads(each.content)
            results.delete_message(each)
            if said["id"] == id_:
                return said
        return None

    return until_now(told)
