"""A Postfix configuration for pits behind it, as the texts of its files.

Written for Postfix 3.6 and later, from postconf(5), master(5), transport(5) and LMTP_README; what
is left out has the value that Postfix gives it.
"""

from typing import NamedTuple

from pit.moderator.limits import PASSED
from pit.moderator.places import Address

__all__ = ["MAILMAN", "Plan", "files"]

MAILMAN = (
    *("bounces", "confirm", "join", "leave", "owner", "request", "subscribe", "unsubscribe"),
)
"""What Mailman 3 adds to a list's name: such an address is Mailman's, never the pit's."""


class Plan(NamedTuple):
    """What the configuration is for.

    postings: the pits' posting addresses. lmtp, mailman: next hops as transport(5) has them,
    `inet:127.0.0.1:8124` or `unix:/run/pit`; mailman may be ''. listen: None for port 25 of all
    addresses. relay: the host that takes what goes out, None for the recipients' own. queue: the
    folder of an instance's own queue, '' for Postfix's. postmaster: an address, or ''.
    """

    postings: tuple[str, ...]
    hostname: str
    lmtp: str
    mailman: str = ""
    listen: Address | None = None
    relay: Address | None = None
    queue: str = ""
    postmaster: str = ""

    @property
    def domains(self) -> list[str]:
        """The domains of the addresses, each once."""
        return list(dict.fromkeys(address.partition("@")[2] for address in self.postings))


def files(plan: Plan) -> dict[str, str]:
    """The texts of the files by their names."""
    found = {
        "main.cf": main(plan),
        "master.cf": master(plan),
        "transport": transport(plan),
        "posting": posting(plan),
        "virtual": virtual(plan),
    }
    if plan.mailman:
        found["verp"] = verp(plan)
    return found


def main(plan: Plan) -> str:
    """main.cf."""
    verp = ", regexp:$config_directory/verp" if plan.mailman else ""
    listen = plan.listen.host if plan.listen else "all"
    relay = f" [{plan.relay.host}]:{plan.relay.port}" if plan.relay else ""
    queue = f"""
# An instance beside another one has a queue of its own.
queue_directory = {plan.queue}/queue
data_directory = {plan.queue}/data
"""
    return f"""\
# Postfix before the pits, made by `pit mta`: an example, to be read and changed.
# All the tables are in this folder and need no postmap(1); after a change: postfix reload.
compatibility_level = 3.6
{queue if plan.queue else ""}
# --- who this host is --------------------------------------------------------------------------

myhostname = {plan.hostname}
inet_interfaces = {listen}
# Who may send anywhere: programs of this host (Mailman, the pit). Nobody else: no open relay.
mynetworks = 127.0.0.0/8 [::1]/128

# No users of this host get mail. If it has some, their domain goes here and the next line out.
mydestination =
local_transport = error:5.1.1 no mail is delivered to users of this host
alias_maps =
alias_database =

# --- where mail goes ---------------------------------------------------------------------------

# An address of these domains that is not in the tables is refused at once (550), not bounced later
# to somebody who may never have written. One table says which addresses there are and where they
# go, so that the two cannot contradict each other.
relay_domains = {", ".join(plan.domains)}
transport_maps = texthash:$config_directory/transport{verp}
relay_recipient_maps = texthash:$config_directory/transport{verp}
virtual_alias_maps = texthash:$config_directory/virtual
# `acme+x` is not `acme`: the pit takes mail at one address.
recipient_delimiter =

# What goes out: to the recipients' own servers if this is empty.
relayhost ={relay}
smtp_tls_security_level = may
# Others may send with TLS once the host has a certificate:
#smtpd_tls_chain_files = /etc/ssl/private/{plan.hostname}.pem
#smtpd_tls_security_level = may

# --- the bytes stay what they are --------------------------------------------------------------

# The pit's transport breaks no long lines either (master.cf). What a local program sends is not
# completed or rewritten.
local_header_rewrite_clients =
remote_header_rewrite_domain =
# Nothing behind this server speaks SMTPUTF8: who needs it is told so at once.
smtputf8_enable = no
# SMTP smuggling: only CR LF . CR LF ends a mail, whoever sends it. Postfix before 3.7.9, 3.8.4 and
# 3.9 does not know these and passes them over.
smtpd_forbid_bare_newline = yes
smtpd_forbid_bare_newline_exclusions =
smtpd_forbid_unauth_pipelining = yes

# --- what is taken -----------------------------------------------------------------------------

# The notary takes 1 MiB; its posts to members are longer, for base64. `pit lmtp` takes more than
# this, so that what was taken here is never sent back from there.
message_size_limit = {PASSED}
smtpd_helo_required = yes
disable_vrfy_command = yes
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = reject_non_fqdn_recipient, reject_unlisted_recipient
smtpd_sender_restrictions = reject_non_fqdn_sender
# Stops much that is forged, where the host can ask DNS:
#smtpd_sender_restrictions = reject_non_fqdn_sender, reject_unknown_sender_domain

# A bounce has one recipient, and is never an order: the posting addresses refuse it (the notary
# would put it into quarantine). At DATA and not at RCPT, since other servers ask RCPT with a null
# sender whether an address is there (RFC 5321, 4.5.5).
smtpd_restriction_classes = no_bounces
no_bounces = check_sender_access inline:{{ {{ <> = REJECT this address takes no bounces }} }}
smtpd_data_restrictions = reject_unauth_pipelining, reject_multi_recipient_bounce,
    check_recipient_access texthash:$config_directory/posting

# --- when the pit is away ----------------------------------------------------------------------

# Its mail waits here, five days at most, and comes within minutes once it is back; at once with
# `postqueue -f`.
queue_run_delay = 60s
minimal_backoff_time = 60s
maximal_backoff_time = 600s
maximal_queue_lifetime = 5d
# A hundred recipients, a mail each, need not wait for one another.
pit_destination_concurrency_limit = 20
"""


_SERVICES = """\
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
    -o syslog_name=postfix/$service_name
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


def master(plan: Plan) -> str:
    """master.cf; the listening address has a name of its own only where one was asked for."""
    where = str(plan.listen) if plan.listen else "smtp"
    return f"""\
# Postfix's services, made by `pit mta`. The two that are special stand first.
# service type  private unpriv  chroot  wakeup  maxproc command + args
{where:<9} inet  n       -       n       -       -       smtpd
# Mail for `pit lmtp`: as lmtp below, but the lines of a mail stay as long as they are.
pit       unix  -       -       n       -       -       lmtp
    -o syslog_name=postfix/$service_name
    -o lmtp_line_length_limit=0
{_SERVICES}"""


def transport(plan: Plan) -> str:
    """The addresses that there are, and where they go (transport(5))."""
    lines = [
        "# Which addresses there are (relay_recipient_maps), and where their mail goes.",
        "# The posting address is the pit's; a list's other addresses are Mailman's."
        if plan.mailman
        else "# There is no Mailman here (--mailman): the pits' posting addresses are all.",
    ]
    for address in plan.postings:
        name, _, domain = address.partition("@")
        lines.append(f"{address} pit:{plan.lmtp}")
        if plan.mailman:
            lines += [f"{name}-{one}@{domain} lmtp:{plan.mailman}" for one in MAILMAN]
    return "".join(f"{line}\n" for line in lines)


def posting(plan: Plan) -> str:
    """The addresses that take no bounces (access(5))."""
    lines = ["# The posting addresses: main.cf, smtpd_data_restrictions."]
    return "".join(f"{line}\n" for line in [*lines, *(f"{a} no_bounces" for a in plan.postings)])


def virtual(plan: Plan) -> str:
    """The addresses that every domain must have (RFC 2142), and where they go (virtual(5))."""
    lines = ["# Every domain has a postmaster, who is a person (RFC 5321, 4.5.1; RFC 2142)."]
    mark = "" if plan.postmaster else "#"
    target = plan.postmaster or "you@example.org"
    for domain in dict.fromkeys([*plan.domains, plan.hostname]):
        lines += [f"{mark}{name}@{domain} {target}" for name in ("postmaster", "abuse")]
    lines.append(
        "# Who else has an address in these domains, the operator perhaps, gets a line here."
    )
    if not plan.mailman:
        owners = [address.replace("@", "-owner@", 1) for address in plan.postings]
        lines += [f"{mark}{owner} {target}" for owner in owners]
    return "".join(f"{line}\n" for line in lines)


def verp(plan: Plan) -> str:
    """The addresses that Mailman makes for each recipient (regexp_table(5))."""
    lines = [
        "# Bounces and confirmations come to addresses that Mailman makes: acme-bounces+bob=x.org@…"
    ]
    for address in plan.postings:
        name, _, domain = address.replace(".", r"\.").partition("@")
        lines.append(rf"/^{name}-(bounces|confirm)\+[^@]+@{domain}$/ lmtp:{plan.mailman}")
    return "".join(f"{line}\n" for line in lines)
