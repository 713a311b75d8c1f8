"""Make the Mailman list of a pit, keep it as the archive says, and say where it is not.

    pit list create     the domain and the list, as they must be, with the pit's members on it
    pit list sync       settings set right, members subscribed, expelled ones taken off
    pit list status     what differs, how many mails the list holds, what waits for a person
    pit list intake     mail that the list holds, into the notary's spool

    $ pit list --help | grep intake

Which Mailman it is, pits/NAME/mail says: [mailman] with url, user, password (of its REST
interface) and var (its var_dir on this host). `status` changes nothing, and ends with 1 where
anything differs. Who is subscribed and no member is let be, except in a private pit. `intake` is
for a list that Mailman's own LMTP still gets the mail of.
"""

import sys
from typing import Any
from urllib.error import HTTPError

from pit.moderator.held import take_held
from pit.moderator.mailman import Drift, asking, drift, find_list, is_private, set_right
from pit.moderator.notice import waiting
from pit.pits.display import printable, show_json
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.mailing import Mailman, load_mailing, mailing_file
from pit.pits.options import add_pit, parser
from pit.pits.roster import pit_now
from pit.pits.state import Pit

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Run `pit list`."""
    options = parser("list", __doc__)
    options.add_argument("action", choices=["create", "sync", "status", "intake"])
    add_pit(options)
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    load_settings(home, pit)
    mailman = load_mailing(home, pit).mailman
    with asking(mailman, mailing_file(home, pit)) as client:
        assert mailman is not None
        if args.action == "intake":
            return _intake(home, pit, find_list(client, mailman), args.json)
        now = pit_now(home, pit)
        if args.action == "create":
            _create(client, mailman)
        found = find_list(client, mailman)
        if args.action == "status":
            return _status(home, mailman, found, now, args.json)
        return _sync(found, now, args.json)


def _create(client: Any, mailman: Mailman) -> None:
    """Make the domain and the list, where they are missing."""
    name, _, host = mailman.list.partition("@")
    try:
        domain = client.get_domain(host)
    except HTTPError as error:
        if error.code != 404:
            raise
        domain = client.create_domain(host)
    if mailman.list not in {one.fqdn_listname for one in domain.lists}:
        domain.create_list(name)


def _intake(home: Home, pit: str, found: Any, as_json: bool) -> int:
    count = take_held(found, home.spool(pit))
    if as_json:
        show_json({"taken": count})
    elif count:
        print(f"taken into the spool {count}")
    return 0


def _sync(found: Any, now: Pit, as_json: bool) -> int:
    """Set right what differs, and say what was done."""
    before = drift(found, now)
    set_right(found, before, now)
    if as_json:
        show_json(_shown(before))
        return 0
    for line in _lines(before, is_private(now)):
        print(f"set right: {line}")
    return 0


def _status(home: Home, mailman: Mailman, found: Any, now: Pit, as_json: bool) -> int:
    """Say what differs; 1 if anything does."""
    seen = drift(found, now)
    wrong = seen.wrong(is_private(now))
    held = found.get_held_count()
    counts = waiting(home, now.name, mailman)
    if as_json:
        show_json({**_shown(seen), "wrong": wrong, "held": held, "waiting": counts})
        return int(wrong)
    for line in _lines(seen, is_private(now)):
        print(f"pit list: {line}", file=sys.stderr)
    if seen.others and not is_private(now):
        print(f"subscribed, and no members: {len(seen.others)}")
    print(f"{mailman.list}: {'differs, see above' if wrong else 'as it must be'}; held {held}")
    for name, count in counts.items():
        if count:
            print(f"{count} in {name}")
    return int(wrong)


def _shown(seen: Drift) -> dict[str, Any]:
    """A drift for JSON."""
    return {
        "settings": [{"name": n, "found": f, "right": r} for n, f, r in seen.settings],
        "templates": [{"name": n, "found": f, "right": r} for n, f, r in seen.templates],
        "missing": seen.missing,
        "expelled": seen.expelled,
        "others": seen.others,
        "owner": seen.owner,
    }


def _lines(seen: Drift, private: bool) -> list[str]:
    """A drift as sentences."""
    said = [f"{name} is {was!r}; {right!r} is right" for name, was, right in seen.settings]
    said += [f"template {name} is {was!r}; {uri!r} is right" for name, was, uri in seen.templates]
    said += [f"{seen.owner} is no owner"] if seen.owner else []
    said += [f"{address} is not subscribed" for address in seen.missing]
    said += [f"{address} was expelled, and is subscribed" for address in seen.expelled]
    if private:
        said += [f"{address} is no member, and is subscribed" for address in seen.others]
    return [printable(line) for line in said]
