"""The two mails: complete, escaped, for one reader only, and never on the terminal."""

import email
import secrets
import stat
from email import policy

import pytest

KEY = f"{secrets.token_urlsafe(30)}+/="


@pytest.fixture
def biller(icadmin, bid):
    icadmin("biller", "add", bid, "Astoria <OR> & Co", "America/Los_Angeles", "--yes")
    icadmin("biller", "set", bid, "contacts.csm.name=Jane", "contacts.csm.email=jane@caselle.example", "--yes")
    return bid


@pytest.fixture
def mails(icadmin, biller, tmp_path):
    """Both mails of a biller, and what the command said."""
    own = f"{secrets.token_urlsafe(30)}+/="
    icadmin("key", "add", biller, "--yes", typed=own)
    form = tmp_path / "form.def"
    form.write_text("definition")
    folder = tmp_path / "mails"
    arguments = ("biller", "email", biller, "--secure-channel", "the file exchange", "--out", folder, "--attach", form)
    said = icadmin(*arguments, typed=own)
    assert said.code == 0, said.err
    return {"key": own, "folder": folder, "said": said.out + said.err}


def test_only_its_owner_can_read_them(mails):
    files = sorted(mails["folder"].iterdir())
    assert [file.name for file in files] == [
        f"to-{who}.{suffix}" for who in ("biller", "csm") for suffix in ("eml", "html", "txt")
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(mails["folder"].stat().st_mode) == 0o700


def test_the_csm_gets_the_url_with_the_encoded_key(mails, stack):
    url = f"{stack.functions_url}/api/ICOAuthTokenProcessor?BK={mails['key'][:-3]}%2B%2F%3D"
    text = (mails["folder"] / "to-csm.txt").read_text()
    assert f"\n    {url}\n" in text
    assert url in (mails["folder"] / "to-csm.html").read_text()
    for words in ('"Invoice Cloud"', "Use for Online Payments", "open items only", "the file exchange, never"):
        assert words in " ".join(text.split())


def test_the_city_gets_no_key(mails):
    text = " ".join((mails["folder"] / "to-biller.txt").read_text().split())
    assert "BK=" not in text
    for words in ("2021.02.160", "CRW40000", "ARW4000", "restart it", "a couple of days", "Caselle CRM", "form.def"):
        assert words in text


def test_nothing_of_them_is_printed(mails):
    assert mails["key"] not in mails["said"]
    assert "BK=" not in mails["said"]


def test_names_are_escaped_in_html(mails):
    page = (mails["folder"] / "to-csm.html").read_text()
    assert "<OR>" not in page
    assert "Astoria &lt;OR&gt; &amp; Co" in page


def test_a_mail_program_can_open_the_drafts(mails):
    draft = email.message_from_bytes((mails["folder"] / "to-biller.eml").read_bytes(), policy=policy.default)
    assert draft["X-Unsent"] == "1"
    assert [part.get_filename() for part in draft.iter_attachments()] == ["form.def"]
    csm = email.message_from_bytes((mails["folder"] / "to-csm.eml").read_bytes(), policy=policy.default)
    assert csm["To"] == "jane@caselle.example"


@pytest.mark.parametrize(
    "wrong",
    [
        ("mail", KEY, "mail is none"),
        ("jane@caselle.example", KEY, "mail is none"),
        (" ", KEY, "mail is none"),
        ("the file exchange", KEY, "This is no active key"),
        ("the file exchange", "", "No callback key was given"),
    ],
)
def test_what_cannot_be_written(icadmin, biller, tmp_path, wrong):
    channel, typed, says = wrong
    folder = tmp_path / "mails"
    said = icadmin("biller", "email", biller, "--secure-channel", channel, "--out", folder, typed=typed)
    assert (said.code, says in said.err) == (2, True)
    assert not folder.exists()


def test_an_attachment_that_is_not_there(icadmin, biller, tmp_path):
    options = ("--secure-channel", "x", "--out", tmp_path / "m", "--attach", tmp_path / "no")
    assert "there is no such file" in icadmin("biller", "email", biller, *options, typed=KEY).err
