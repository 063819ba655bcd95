"""``icadmin biller email``: the project's first two mails, as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
from pydantic import SecretStr

from admin import output
from admin.billers.record import BillerId, known
from admin.confirm import read_secret
from admin.errors import WrongUse
from admin.keys import active
from admin.mails.mail import Mail, as_draft, as_html, as_text
from admin.mails.project import to_biller, to_csm
from admin.private_files import private_folder, write_private
from admin.session import at_stamp
from shared.billers.callback_keys import digest

if TYPE_CHECKING:
    from admin.stamp import Stamp


def email(
    biller_id: BillerId,
    channel: Annotated[
        str,
        typer.Option("--secure-channel", metavar="TEXT", help="Where the CSM sends ClientSecret and token; no mail."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the mails go; only you can read them.")],
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", metavar="FILE", help="For the city: the form definition.")
    ] = None,
) -> None:
    """Write the mail to the city's CSM and the one to the city: text, HTML and a draft to open and send.

    The callback key is asked for, or read from standard input, and compared with the one that is registered.

    Example: icadmin --local biller email 2493 --secure-channel "the file exchange" --out mails < key.txt
    """
    _refuse_mail(channel)
    attached = attach or []
    for path in attached:
        if not path.is_file():
            raise WrongUse(f"--attach {path}: there is no such file.")
    key = read_secret("callback key")
    mails = at_stamp(lambda stamp: _mails(stamp, biller_id, key, channel, attached))
    folder = private_folder(out)
    written = [path for mail, files in mails for path in _write(folder, mail, files)]
    output.show([str(path) for path in written], f"Written, for your eyes only: {', '.join(map(str, written))}.")


async def _mails(
    stamp: "Stamp", biller_id: str, key: SecretStr, channel: str, attached: Sequence[Path]
) -> list[tuple[Mail, Sequence[Path]]]:
    biller = await known(stamp, biller_id)
    print_ = digest(await stamp.stores.pepper(), key.get_secret_value())
    if print_ not in {each.digest for each in await active(stamp, biller_id)}:
        raise WrongUse(f"This is no active key of biller {biller_id}: `key add` registers it, `key list` names them.")
    url = f"{biller.callback_url or stamp.address.callback_url}?BK={quote(key.get_secret_value(), safe='')}"
    return [
        (to_csm(biller, url, channel), []),
        (to_biller(biller, [path.name for path in attached]), attached),
    ]


def _write(folder: Path, mail: Mail, attached: Sequence[Path]) -> list[Path]:
    try:
        draft = as_draft(mail, attached)
    except OSError as error:
        raise WrongUse(f"An attachment cannot be read: {error.strerror}.") from None
    contents = {"txt": as_text(mail).encode(), "html": as_html(mail).encode(), "eml": draft}
    for suffix, content in contents.items():
        write_private(folder / f"{mail.name}.{suffix}", content)
    return [folder / f"{mail.name}.{suffix}" for suffix in contents]


def _refuse_mail(channel: str) -> None:
    if not channel.strip() or "@" in channel or channel.strip().lower() in {"mail", "email", "e-mail"}:
        raise WrongUse("--secure-channel names how secrets are sent safely, for example a file exchange; mail is none.")
