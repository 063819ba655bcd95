"""Pages for whoever is not shown anything, and for what is not there."""

from typing import Final

from shared.console.frame import page
from shared.console.html import Html, tag
from shared.console.sign_in import SignIn
from shared.console.words import ROOT

_SIGN_IN: Final = {
    SignIn.APP_SERVICE: ((f"/.auth/login/aad?post_login_redirect_uri={ROOT}", "Sign in"),),
    SignIn.DEVELOPMENT: (
        (f"{ROOT}/development-sign-in?role=reader", "Sign in as a reader"),
        (f"{ROOT}/development-sign-in?role=nobody", "Sign in without the role"),
    ),
}


def not_signed_in(sign_in: SignIn) -> str:
    """For nobody: where to sign in."""
    links = [tag("p", tag("a", words, href=address)) for address, words in _SIGN_IN.get(sign_in, ())]
    if not links:
        links = [tag("p", "Sign-in is not switched on for this stamp.")]
    return _page("Please sign in", *links)


def not_a_reader() -> str:
    """For somebody without the role."""
    return _page("Not for you", tag("p", "You are signed in, but you have not the role reader. Ask whoever runs this."))


def not_found(what: str) -> str:
    """For what does not exist."""
    return _page(
        "Not found", tag("p", f"There is no {what} of this name."), tag("p", tag("a", "All billers", href=ROOT))
    )


def not_now() -> str:
    """While a store does not answer, or a record cannot be read."""
    return _page("Not now", tag("p", "The figures cannot be read at this moment. Look again in a minute."))


def bad_request(why: str) -> str:
    """For an address that nobody followed a link to."""
    return _page("Not understood", tag("p", why))


def _page(title: str, *body: Html) -> str:
    return page(title, [tag("h1", title), *body])
