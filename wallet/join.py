"""Join a pit: keys, the pit's id checked, a mirror, settings, and the request to be admitted.

    $ pit join club@lists.example.org ID --as dora --mail dora@example.org
    $ pit join acme@pits.invalid ID --as emil --mail emil@example.org --from FOLDER

ADDRESS is the pit's list and ID its id, as somebody whom you trust has told you. SRC is a folder
with its archive, or `host:folder` over ssh: it is verified and kept as your mirror (pit mirror), so
that the id is checked at once; without it, once you have one. A key is made, unless the wallet has
one (pit key use). The request, signed with it, goes to the operator, who compares its fingerprint
with you and admits you: pit admit --request FILE. Give the same command again whenever you like.

HOW your mail leaves: sendmail, smtp://USER@HOST (its password in ~/.netrc), smtps://USER@HOST, or
maildir:FOLDER, for somebody else to send from.
"""

import os
import re
import shutil
import sys
from contextlib import redirect_stderr, suppress
from io import StringIO
from pathlib import Path

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, write_atomic
from pit.archives.entry import OPERATOR
from pit.archives.errors import CannotCreate, NoInput, PitError, UsageError
from pit.archives.fields import ADDRESS, HANDLE
from pit.archives.language import parse
from pit.archives.words import CORE
from pit.pits.command import run_verb
from pit.pits.display import safe
from pit.pits.home import Home, Settings, choose_handle, load_settings, root, save_settings
from pit.pits.identity import Identity, identity_of, keys_of, make_identity
from pit.pits.options import add_as, add_pit, parser
from pit.pits.reading import entries_of, fold_of, pit_id
from pit.pits.sending import check_send, hand_over
from pit.pits.sources import notary_for, pit_in
from pit.pits.state import Pit
from pit.wallet import request


def main(argv: list[str]) -> int:
    """Run `pit join`."""
    options = parser("join", __doc__)
    options.add_argument("address", metavar="ADDRESS", help="the pit's list")
    options.add_argument("id", metavar="ID", help="the pit's id, 64 hex digits")
    add_pit(options)
    add_as(options)
    options.add_argument("--from", dest="source", metavar="SRC", help="where its archive is")
    options.add_argument("--rsh", metavar="COMMAND", default="", help="how to reach a host (ssh)")
    options.add_argument("--mail", metavar="MAIL", help="the address your mails come from")
    options.add_argument("--name", default="", help="your name, beside the address")
    options.add_argument("--send", metavar="HOW", help="how your mail leaves; the request, at once")
    args = options.parse_args(argv)
    name = _pit_name(args.address, args.id, args.pit)
    check_send(args.send or "")
    home = Home(root())
    handle = _handle(home, args.handle)
    known = _known(home, name, args.id)
    if not args.mail and not (home.wallet(handle) / "identity").exists():
        raise UsageError("from which address will your mails come? say it with --mail MAIL")
    if args.source:
        _fetch(home, name, args.id, args.source, args.rsh, args.address)
    me = _identity(home, handle, args.name, args.mail)
    settings = _settings(home, name, args.id, args.address, args.send, known)
    return _ask(home, me, settings, send=bool(args.send))


def _pit_name(address: str, id: str, named: str | None) -> str:
    """What the pit is called here: as -p says, else as its list; UsageError for what is none."""
    if not re.fullmatch(ADDRESS, address):
        raise UsageError(f"'{address[:80]}' is not a mail address; write acme@lists.example.org")
    if not re.fullmatch("[0-9a-f]{64}", id):
        raise UsageError(f"'{id[:80]}' is not a pit's id; write its 64 hex digits")
    name = address.partition("@")[0].lower() if named is None else named
    if not re.fullmatch(HANDLE, name):
        raise UsageError(f"{name!r} is no pit's name; say it with -p NAME")
    return name


def _handle(home: Home, named: str | None) -> str:
    """Who joins; UsageError where nobody is named and there is not one wallet."""
    if not named and not os.environ.get("PIT_AS") and not home.wallets():
        raise UsageError("who will you be in the pit? say it with --as HANDLE")
    return choose_handle(home, named)


def _known(home: Home, name: str, id: str) -> Settings | None:
    """What is known here of the pit; CannotCreate where another one has its name."""
    try:
        settings = load_settings(home, name)
    except NoInput:
        return None
    noted = settings.id or pit_id(home, name)
    if noted != id:
        folder = home.pit(name)
        raise CannotCreate(
            f"{folder}: {name} is another pit here, id {noted}; use another PIT_HOME"
        )
    return settings


def _identity(home: Home, handle: str, name: str, mail: str | None) -> Identity:
    """The wallet's key, made if there is none."""
    if (home.wallet(handle) / "identity").exists():
        me = identity_of(home, handle)
        if mail and mail != me.mail:
            raise CannotCreate(f"{handle} has a key already, and writes from {me.mail}")
        return me
    return make_identity(home, handle, name, mail or "")


# --- the archive ----------------------------------------------------------------------------------


def _fetch(home: Home, name: str, id: str, source: str, rsh: str, address: str) -> None:
    """Mirror the archive; PitError, and nothing left of it, where it is not this pit's."""
    folder = home.archive(name)
    before = folder.exists()
    noted = {*home.audits().glob("*")}
    if (folder / "mark").exists():
        return  # the notary's own
    try:
        _check_place(source)
        _mirror(["--id", id, *(["--rsh", rsh] if rsh else []), "--", source, str(folder)])
        _check_pit(home, name, folder, address)
    except BaseException:
        if not before:
            shutil.rmtree(folder, ignore_errors=True)
            for note in {*home.audits().glob("*")} - noted:
                note.unlink()
            for empty in (home.audits(), folder.parent, home.root):
                with suppress(OSError):
                    empty.rmdir()
        raise


def _mirror(args: list[str]) -> None:
    """Run `pit mirror`; what it says is wrong is raised, with its exit status."""
    with redirect_stderr(StringIO()) as said:
        status = run_verb("mirror", args)
    lines = said.getvalue().rstrip("\n").replace("pit mirror: ", "")
    if status:
        error = PitError(re.sub(r"; kept in [^\n]*", "", lines) + "; nothing was set up")
        error.status = status
        raise error
    if lines:
        print(lines, file=sys.stderr)


def _check_place(source: str) -> None:
    if not source or source.startswith("-"):
        raise UsageError(f"'{source[:80]}' is no source; write FOLDER, ./FOLDER or HOST:FOLDER")


def _check_pit(home: Home, name: str, folder: Path, address: str) -> None:
    """PitError unless the archive's pit is called so, and has that list."""
    found = pit_in(folder)
    if found != name:
        raise PitError(f"the pit with this id is called {found}; say so: -p {found}")
    charter = parse(next(entries_of(home, name)).text, CORE).directives[0]
    listed = charter.keys.get("list", (address,))
    if address.lower() not in [one.lower() for one in listed]:
        raise PitError(f"the list of this pit is {', '.join(listed)}, not {address}")


def _settings(
    home: Home, name: str, id: str, address: str, send: str | None, known: Settings | None
) -> Settings:
    """Note the pit, and how mail gets there; what is noted of a pit that is here stays."""
    settings = known or Settings(name, id, address, "", _way(home, name))
    notary = settings.notary
    if not notary:
        with suppress(NoInput):
            notary = notary_for([], id, home, name).certificate.fingerprint
    settings = settings._replace(notary=notary, send=settings.send if send is None else send)
    if settings != known:
        save_settings(home, settings)
    return settings


def _way(home: Home, name: str) -> str:
    """How mail leaves where nobody has said it: by the host's mail server, else from a Maildir."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/lib"])
    there = shutil.which("sendmail", path=path)
    return "sendmail" if there else f"maildir:{home.pit(name) / 'outgoing'}"


# --- the request ----------------------------------------------------------------------------------


def _ask(home: Home, me: Identity, settings: Settings, *, send: bool) -> int:
    """Write the request, and send it if it can be; nothing for who is a member already."""
    fold = _fold(home, settings.name)
    if fold and me.fingerprint in fold.handles:
        handle = fold.handles[me.fingerprint]
        print(f"{settings.name} knows your key: you are {handle} there; pit buy, pit send, …")
        if handle != me.handle:
            print(f"pit join: your wallet here is called {me.handle}", file=sys.stderr)
        return 0
    operator = fold.members.get(OPERATOR) if fold else None
    to = operator.mail[0] if operator and operator.mail else settings.address
    path = home.wallet(me.handle) / "requests" / f"{settings.name}.eml"
    with keys_of(home, me.handle) as keys:
        made = request.make(keys, me, settings, to)
    with io_failure(path):
        make_folder(path.parent)
    write_atomic(path, made)
    print(f"your key's fingerprint: {me.fingerprint}")
    if send:
        hand_over(home, settings, made, to)
        print(safe(f"the request was sent to {to}; it is kept in {path}"))
    else:
        print(safe(f"the request is in {path}; mail it to {to}"))
    print("The operator compares the fingerprint with you, and then: pit admit --request FILE")
    if not fold:
        print("Nothing of the pit is here yet: once you may read it, give --from SRC as well")
    if settings.send.startswith("maildir:"):
        print(safe(f"Your mails wait in {settings.send[8:]} until somebody sends them; see --send"))
    return 0


def _fold(home: Home, name: str) -> Pit | None:
    """The pit as its archive here makes it; None without one."""
    try:
        return fold_of(home, name)
    except NoInput:
        return None
