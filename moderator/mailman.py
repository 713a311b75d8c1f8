"""A pit's list in a Mailman 3 core: how it must be set, who must be on it, and what differs.

Through Mailman's REST interface, by mailmanclient. The list only carries what the notary gives it:
`emergency` holds whatever did not come through the notary, and nothing of a post is changed.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.error import HTTPError

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import Busy, Denied, IOFailure, Misconfigured, NoInput
from pit.pits.mailing import Mailman
from pit.pits.members import EXPELLED
from pit.pits.roster import addresses
from pit.pits.state import Pit

__all__ = [
    "TEMPLATES",
    "Drift",
    "asking",
    "drift",
    "find_list",
    "is_private",
    "right_settings",
    "set_right",
    "subscribers",
]

TIMEOUT = 60
"""Seconds to wait for an answer."""

EMPTY = "file:///dev/null"
TEMPLATES = dict.fromkeys(("list:member:regular:header", "list:member:regular:footer"), EMPTY)
"""What Mailman would put above and below each post: an empty file, on any host."""

_SETTINGS: dict[str, Any] = {
    "admin_immed_notify": False,
    "admin_notify_mchanges": False,
    "administrivia": False,
    "anonymous_list": False,
    "archive_policy": "never",
    "autorespond_owner": "none",
    "autorespond_postings": "none",
    "autorespond_requests": "none",
    "collapse_alternatives": False,
    "convert_html_to_plaintext": False,
    "default_member_action": "hold",
    "default_nonmember_action": "hold",
    "digests_enabled": False,
    "dmarc_mitigate_action": "no_mitigation",
    "dmarc_mitigate_unconditionally": False,
    "emergency": True,
    "filter_content": False,
    "first_strip_reply_to": False,
    "gateway_to_mail": False,
    "gateway_to_news": False,
    "include_rfc2369_headers": True,
    "max_message_size": 0,
    "max_num_recipients": 0,
    "member_roster_visibility": "moderators",
    "moderator_password": None,
    "personalize": "none",
    "posting_pipeline": "default-posting-pipeline",
    "reply_goes_to_list": "no_munging",
    "require_explicit_destination": False,
    "respond_to_post_requests": False,
    "send_goodbye_message": False,
    "send_welcome_message": False,
    "subject_prefix": "",
    "subscription_policy": "moderate",
    "unsubscription_policy": "moderate",
}
"""As the REST interface shows them. Who has a moderator's password could post around the hold."""


def right_settings(pit: Pit) -> dict[str, Any]:
    """What the list's settings must be; a private pit's list is not shown to the world."""
    return {**_SETTINGS, "advertised": not is_private(pit)}


class Drift(NamedTuple):
    """Where a list is not what the archive says.

    settings, templates: name, what is there, what is right. missing: addresses of members who are
    not subscribed. expelled: subscribed addresses of expelled members. others: subscribed and of no
    member. owner: the operator's address where it is no owner's, else ''.
    """

    settings: list[tuple[str, Any, Any]]
    templates: list[tuple[str, str, str]]
    missing: list[str]
    expelled: list[str]
    others: list[str]
    owner: str

    def wrong(self, private: bool) -> bool:
        """Whether anything is; others may read along unless the pit is private."""
        return any((*self[:4], self.owner, private and self.others))


def is_private(pit: Pit) -> bool:
    """Whether only members may read what stands in the pit."""
    return bool(pit.rule("private") == "yes")


def set_right(found: Any, before: Drift, pit: Pit) -> None:
    """Let a list be what the archive says; before: where it was not."""
    settings = found.settings
    for name, _, right in before.settings:
        settings[name] = "" if right is None else right
    if before.settings:
        settings.save()
    for name, _, uri in before.templates:
        found.set_template(name, uri)
    if before.owner:
        found.add_owner(before.owner)
    for address in before.missing:
        found.subscribe(
            address,
            pre_verified=True,
            pre_confirmed=True,
            pre_approved=True,
            send_welcome_message=False,
        )
    for address in [*before.expelled, *(before.others if is_private(pit) else [])]:
        found.unsubscribe(address, pre_confirmed=True, pre_approved=True)


def subscribers(found: Any) -> dict[str, str]:
    """A list's subscribed addresses as Mailman writes them, by the same in small letters."""
    return {member.email.lower(): member.email for member in found.members}


def drift(found: Any, pit: Pit) -> Drift:
    """Compare a list with the pit that it serves."""
    settings = found.settings
    right = right_settings(pit)
    different = [
        (name, settings.get(name), value)
        for name, value in right.items()
        if settings.get(name) != value
    ]
    uris = {template.name: template.uri for template in found.templates}
    templates = [
        (name, uris.get(name, ""), uri) for name, uri in TEMPLATES.items() if uris.get(name) != uri
    ]
    return Drift(different, templates, *_people(subscribers(found), pit), _owner(found, pit))


def _people(here: Mapping[str, str], pit: Pit) -> tuple[list[str], list[str], list[str]]:
    """Who is missing, expelled, and of no member. Any enrolled address of a member's will do."""
    missing, known, gone = [], set(), set()
    first = addresses(pit)
    for handle, member in pit.members.items():
        mine = {address.lower() for address in member.mail}
        if member.standing == EXPELLED:
            gone |= mine
        elif handle != NOTARY:
            known |= mine
            if handle in first and not mine & here.keys():
                missing.append(first[handle])
    expelled = [here[address] for address in sorted((gone - known) & here.keys())]
    others = [here[address] for address in sorted(here.keys() - known - gone)]
    return missing, expelled, others


def _owner(found: Any, pit: Pit) -> str:
    address = addresses(pit).get(OPERATOR, "")
    owners = {owner.email.lower() for owner in found.owners}
    return "" if address.lower() in owners else address


def find_list(client: Any, mailman: Mailman) -> Any:
    """The list; NoInput where the core has none of that address."""
    try:
        return client.get_list(mailman.list)
    except HTTPError as error:
        if error.code != 404:
            raise
        raise NoInput(
            f"{mailman.url}: there is no list {mailman.list}; make it: pit list create"
        ) from None


@contextmanager
def asking(mailman: Mailman | None, where: object) -> Iterator[Any]:
    """A client of the core; what it or the core reports becomes an error of ours.

    where: the file that should have [mailman]. Misconfigured without it, or without mailmanclient;
    Busy where the core does not answer, Denied where it does not know us.
    """
    if mailman is None:
        raise Misconfigured(f"{where}: no [mailman] with url, user, password, var")
    try:
        from mailmanclient import Client  # type: ignore[import-untyped]
        from mailmanclient.restbase.connection import (  # type: ignore[import-untyped]
            MailmanConnectionError,
        )
    except ModuleNotFoundError:
        raise Misconfigured(
            "needs the Python module mailmanclient; pip install 'tradingpit[mailman]'"
        ) from None
    client = Client(mailman.url, mailman.user, mailman.password, request_hooks=[_directly])
    try:
        yield client
    except MailmanConnectionError as error:
        raise Busy(f"{mailman.url}: Mailman does not answer: {_one_line(error)}") from None
    except HTTPError as error:
        what = f"{mailman.url}: Mailman says {error.code}: {_one_line(error.reason)}"
        if error.code == 401:
            raise Denied(f"{what}; are user and password those of its mailman.cfg?") from None
        raise IOFailure(what) from None
    except json.JSONDecodeError as error:
        raise IOFailure(f"{mailman.url}: no answer of Mailman's: {error}") from None


def _directly(params: dict[str, Any]) -> dict[str, Any]:
    """A request without the environment's proxies, and not for ever."""
    return {**params, "timeout": TIMEOUT, "proxies": dict.fromkeys(("http", "https", "all"))}


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:300]
