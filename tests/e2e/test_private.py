"""Two private pits on one host and three members, each a Unix user: nothing crosses.

Ann is in acme, Ben in desk, Cleo in both; the notary's user runs the two. What he runs, he runs
with a umask of 000 or 077 in turn: neither may make anything wider, or narrower.
"""

import itertools
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.pits.command import verbs
from tests.e2e.people import Person, Town, called, idle_users, unused

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run as several users")

SECRETS = {"acme": "zebra-of-acme", "desk": "yak-of-desk"}
PASSPHRASE = "walrus-passphrase"


class Host(Town):
    """The host of acme and desk, and its people; groups: of the pits' members."""

    def __init__(self) -> None:
        super().__init__()
        keeper, ann, ben, cleo = idle_users(4)
        acme, desk = unused(2)
        self.groups = {"acme": acme, "desk": desk}
        self.keeper = self.person("keeper", keeper, acme, desk)
        self.ann = self.person("ann", ann, acme)
        self.ben = self.person("ben", ben, desk)
        self.cleo = self.person("cleo", cleo, acme, desk)
        self.proof = self.folder / "proof.txt"
        self.masks = itertools.cycle([0o000, 0o077])

    @property
    def members(self) -> dict[str, list[Person]]:
        """Who is in which pit."""
        return {"acme": [self.ann, self.cleo], "desk": [self.ben, self.cleo]}

    def archive(self, pit: str) -> Path:
        """Where the notary writes."""
        return self.keeper.home / "archives" / pit

    def id(self, pit: str) -> str:
        """The pit's id."""
        settings = (self.beside(pit) / "settings").read_text()
        (found,) = re.findall(r"(?m)^id = (.*)$", settings)
        return str(found)

    def beside(self, pit: str) -> Path:
        """What the notary keeps."""
        return self.keeper.home / "pits" / pit

    def keep(self, *args: str, stdin: bytes = b"") -> str:
        """`pit ARGS` of the notary's user, with the other umask each time; then a look around."""
        out = self.pit(self.keeper, *args, stdin=stdin, umask=next(self.masks))
        for pit in self.groups:
            self.look(pit)
        return out

    def look(self, pit: str) -> None:
        """Every file of a pit is as private as it shall be."""
        folder = self.archive(pit)
        for path, about in self.modes(folder) if folder.exists() else ():
            mode = stat.S_IMODE(about.st_mode)
            assert (about.st_uid, about.st_gid) == (self.keeper.uid, self.groups[pit]), path
            if stat.S_ISDIR(about.st_mode):
                assert mode == 0o2750, path
            elif path.name == "lock":
                assert mode == 0o600, path
            else:
                assert mode in (0o640, 0o440), (path, oct(mode))
        wallets = self.keeper.home.glob("wallets/*")
        for path in (self.beside(pit), *wallets, self.keeper.home / "audits"):
            assert not path.exists() or stat.S_IMODE(path.stat().st_mode) == 0o700, path

    def join(self, who: Person, handle: str, pit: str) -> None:
        """Somebody asks, and is admitted; his mail waits in his `out`."""
        mail = f"{handle}@example.org"
        send = f"maildir:{who.folder}/out"
        args = ["--as", handle, "--mail", mail, "--from", str(self.archive(pit)), "--send", send]
        self.pit(who, "join", f"{pit}@lists.example.org", self.id(pit), *args)
        (request,) = (who.folder / "out/new").iterdir()
        self.keep("admit", "-p", pit, "--request", "-", stdin=request.read_bytes())
        request.unlink()

    def post(self, who: Person) -> None:
        """The mail server takes what somebody has sent, to where it goes."""
        for path in sorted((who.folder / "out/new").iterdir()):
            mail = path.read_bytes()
            (pit,) = re.findall(rb"(?m)^To: (\w+)@", mail)
            self.keep("deliver", "-p", pit.decode(), stdin=mail)
            path.unlink()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """The two pits after a whole life: orders, rotation, gzip, repair, mirrors."""
    host = Host()
    try:
        live(host)
        yield host
    finally:
        host.close()


def live(host: Host) -> None:
    """What happens on the host."""
    for pit, gid in host.groups.items():
        address = f"{pit}@lists.example.org"
        host.keep("new", pit, "--private", "--group", str(gid), "--address", address)
        host.keep("send", "-p", pit, "--as", "operator", "rule segment-entries 4")
        host.keep("notary", "-p", pit)
    host.join(host.ann, "ann", "acme")
    host.join(host.ben, "ben", "desk")
    for pit in host.groups:
        host.join(host.cleo, "cleo", pit)
        host.keep("notary", "-p", pit)
    for pit, members in host.members.items():
        for who, handle in zip(members, (members[0].folder.name, "cleo"), strict=True):
            said = f'say "{SECRETS[pit]}, says {handle}"\n'
            host.pit(who, "send", "-p", pit, "--as", handle, "-", stdin=said.encode())
            host.post(who)
        host.keep("notary", "-p", pit)
        host.keep("send", "-p", pit, "--as", "operator", f"deposit {handle} 100.00 EUR")
        host.keep("turn", "-p", pit)
        host.keep("segments", "-p", pit, "--gzip")
        tear(host, pit)
        host.keep("notary", "-p", pit)
        host.keep("segments", "-p", pit, "--gunzip", "1")
        if pit == "acme":
            host.keep("find", "-p", pit, SECRETS[pit])
            host.keep("audit", "-p", pit)
        for who in members:
            mirror = str(who.home / "archives" / pit)
            host.pit(who, "mirror", str(host.archive(pit)), mirror, umask=next(host.masks))

    host.proof.write_text(host.keep("prove", "-p", "acme", "1"))


def tear(host: Host, pit: str) -> None:
    """As a notary leaves it that is killed while it writes."""
    folder = host.archive(pit)
    last = max(folder.glob("*.mbox"))
    with last.open("ab") as file:
        file.write(b"From 99@acme.pit torn")
    (folder / "next").write_bytes(b"torn")
    os.chown(folder / "next", host.keeper.uid, host.groups[pit])
    (folder / "next").chmod(0o640)


def test_the_life_of_the_pits_had_all_that_makes_files(host: Host) -> None:
    for pit in host.groups:
        folder, beside = host.archive(pit), host.beside(pit)
        assert len([*folder.glob("*.mbox*")]) >= 3
        assert [*folder.glob("*.mbox.gz")] and (pit == "desk" or [*folder.glob("*.offsets")])
        assert not (folder / "next").exists()
        parts = ["gnupg", "spool", "outbox", "checkpoints", "search", "ledger.sqlite"]
        there = {path.name for path in beside.iterdir()}
        assert there >= {*parts, "settings"} - ({"search"} if pit == "desk" else set())
        assert [*beside.glob("outbox/new/*")] and [*beside.glob("checkpoints/*")]
        assert (host.keeper.home / "audits").exists()


def test_members_read_the_archive_of_their_pit_and_nothing_else_of_the_host(host: Host) -> None:
    people = {"ann": {"acme"}, "ben": {"desk"}, "cleo": {"acme", "desk"}}
    for name, pits in people.items():
        found = host.readable(getattr(host, name), host.keeper.folder)
        right = {
            path
            for pit in pits
            for path in host.archive(pit).iterdir()
            if path.name != "lock"
        }  # fmt: skip
        assert found == right
        assert {path.parent for path in right} == {host.archive(pit) for pit in pits}


def test_nobody_reads_what_another_member_has(host: Host) -> None:
    people = [host.ann, host.ben, host.cleo]
    for who in people:
        others = [other.folder for other in people if other is not who]
        assert host.readable(who, *others) == set()
        own = host.readable(who, who.folder)
        assert {"identity", "settings", "0000000001.mbox"} <= {path.name for path in own}


@pytest.mark.parametrize("pit", ["acme", "desk"])
def test_the_mirror_of_a_private_pit_is_private_whatever_the_umask(host: Host, pit: str) -> None:
    for who in host.members[pit]:
        for umask in (0o000, 0o077):
            copy = who.folder / f"copy-{pit}-{umask}"
            source = str(host.archive(pit))
            host.pit(who, "mirror", "--id", host.id(pit), source, str(copy), umask=umask)
            for path, about in host.modes(copy):
                wanted = 0o700 if path == copy else 0o600
                assert about.st_mode & 0o777 & ~0o200 == wanted & ~0o200, path


def test_a_mirror_is_open_to_the_group_that_its_owner_has_made_it_for(host: Host) -> None:
    copy = host.cleo.folder / "shared"
    copy.mkdir()
    os.chown(copy, host.cleo.uid, host.groups["acme"])
    copy.chmod(0o2755)
    args = ("--id", host.id("acme"), str(host.archive("acme")), str(copy))
    host.pit(host.cleo, "mirror", *args, umask=0o077)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o2750
    files = {path for path in copy.iterdir() if path.name != "lock"}
    assert {stat.S_IMODE(path.stat().st_mode) & ~0o200 for path in files} == {0o440}
    assert host.readable(host.ann, copy) == files
    assert host.readable(host.ben, copy) == set()


ARGUMENTS: dict[str, tuple[str, ...]] = {
    "audit": ("--id", "ID"),
    "blame": ("fee",),
    "cat": ("1",),
    "certificate": ("--as", "operator", "1", "ACME"),
    "combo": ("--as", "operator", "forward", "ACME", "1", "1.00"),
    "deadlines": ("operator",),
    "dividends": ("--dry-run", "ACME", "1.00", "EUR"),
    "db": ("DB",),
    "find": ("SECRET",),
    "fraud": ("ARCHIVE", "ARCHIVE"),
    "inbox": ("--as", "operator"),
    "journal": (),
    "key": ("show", "--as", "operator"),
    "legs": (),
    "lines": (),
    "mirror": ("--id", "ID", "ARCHIVE", "COPY"),
    "notary": (),
    "print": ("1",),
    "prove": ("1",),
    "read": (),
    "receipt": ("check", "PROOF"),
    "rekey": ("--as", "operator"),
    "run": ("match",),
    "risk": ("operator",),
    "segments": (),
    "shares": (),
    "send": ("--as", "operator", 'say "hello"'),
    "show": ("members",),
    "statement": ("operator",),
    "quotes": (),
    "bars": ("1h", "ACME"),
    "up": ("--systemd",),
    "turn": (),
    "verify": ("PROOF",),
    "whatif": ("--as", "operator", "-"),
    "witness": ("ARCHIVE", "--as", "operator"),
    "buy": ("--as", "operator", "1", "ACME", "1.00"),
    "sell": ("--as", "operator", "1", "ACME", "1.00"),
    "cancel": ("--as", "operator", "1"),
    "replace": ("--as", "operator", "1", "2", "3.00"),
    "deliver": (),
    "cron": (),
}


READING = {"audit", "cat", "db", "find", "journal", "lines", "print", "prove", "read", "show"}


def arguments(host: Host, who: Person, verb: str, pit: str) -> list[str]:
    """A verb's, for a pit; `-p PIT` where it takes that."""
    words = {
        "ARCHIVE": str(host.archive(pit)),
        "COPY": str(who.folder / "stolen"),
        "ID": host.id(pit),
        "PROOF": str(host.proof),
        "DB": str(who.folder / f"{pit}.db"),
        "SECRET": SECRETS[pit],
    }
    named = [] if verb in ("mirror", "fraud", "key", "inbox") else ["-p", pit]
    return [*named, *(words.get(word, word) for word in ARGUMENTS[verb])]


def test_a_verb_tells_an_outsider_whose_it_is_and_nothing_more(host: Host) -> None:
    before = {*host.ben.folder.iterdir()}
    verbs = sorted(ARGUMENTS)
    commands = [(verb, *arguments(host, host.ben, verb, "acme")) for verb in verbs]
    owner, group = called(host.keeper.uid), host.groups["acme"]
    for verb, said in zip(
        verbs, host.each(host.ben, *commands, PIT_HOME=str(host.keeper.home)), strict=True
    ):
        assert said.status == (75 if verb == "deliver" else 77), said
        assert said.out == ""
        assert re.fullmatch(
            rf"pit {verb}: .*Permission denied: it is for {owner} "
            rf"(alone|and the members of the group {group}), "
            rf"and you are {called(host.ben.uid)}; .*\n",
            said.err,
        ), said
        assert SECRETS["acme"] not in said.err
    assert {*host.ben.folder.iterdir()} == before


def test_a_member_reads_the_notarys_own_archive(host: Host) -> None:
    commands = [(verb, *arguments(host, host.ann, verb, "acme")) for verb in sorted(READING)]
    for said in host.each(host.ann, *commands, PIT_HOME=str(host.keeper.home)):
        assert said.status == 0 and said.out, said
    assert stat.S_IMODE((host.ann.folder / "acme.db").stat().st_mode) == 0o600


def test_the_only_pit_is_the_one_that_one_may_read(host: Host) -> None:
    (said,) = host.each(host.ben, ("lines",), PIT_HOME=str(host.keeper.home))
    assert said.status == 0
    assert SECRETS["desk"] in said.out and SECRETS["acme"] not in said.out


def test_every_verb_that_reads_a_pit_was_tried(host: Host) -> None:
    others = {"new", "admit", "join", "positions", "match", "settle", "govern", "publish"}
    others |= {"listing", "tokens"}
    later = {name for name, entry in verbs().items() if entry.module.rpartition(".")[2] in LATER}
    assert {*ARGUMENTS} | others | later == {*verbs()}


LATER = {"lmtp", "mta", "distribute", "lists", "original", "answer"}
"""The mail server's side: they run as the notary's user, over his settings."""


def test_another_members_wallet_and_mirror_are_denied(host: Host) -> None:
    home, mirror = str(host.ann.home), str(host.ann.home / "archives/acme")
    stolen = host.ben.folder / "stolen"
    commands = [
        ("send", "-p", "acme", "--as", "ann", 'say "hello"'),
        ("key", "show", "--as", "ann"),
        ("inbox", "--as", "ann"),
        ("lines", "-p", "acme"),
        ("mirror", "--id", host.id("acme"), mirror, str(stolen)),
    ]
    for said in host.each(host.ben, *commands, PIT_HOME=home):
        assert (said.status, said.out) == (77, "")
        assert f"for {called(host.ann.uid)} alone, and you are {called(host.ben.uid)}" in said.err
    assert not stolen.exists()


def test_nothing_is_made_wider_than_it_stays_and_no_secret_is_an_argument(host: Host) -> None:
    trace = host.folder / "trace"
    said = f'say "{SECRETS["acme"]}, once more"\n'.encode()
    calls = "trace=openat,open,creat,mkdir,mkdirat,chmod,fchmod,fchmodat,execve"
    strace = ["strace", "-f", "-qq", "-s", "4096", "-e", calls, "-o"]
    lines: list[str] = []
    for who, args in (
        (host.ann, ("send", "-p", "acme", "--as", "ann", "-")),
        (host.keeper, ("deliver", "-p", "acme")),
        (host.keeper, ("turn", "-p", "acme")),
        (host.keeper, ("segments", "-p", "acme", "--gzip")),
        (host.ann, ("mirror", str(host.archive("acme")), str(host.ann.home / "archives/acme"))),
    ):
        trace.touch()
        os.chown(trace, who.uid, who.uid)
        host.run(who, *strace, str(trace), *host.program, *args, stdin=said, umask=0)
        lines += trace.read_text().splitlines()
        trace.unlink()
        for path in (host.ann.folder / "out/new").iterdir():
            said = path.read_bytes()
            path.unlink()
    private = [f"{host.keeper.home}/", f"{host.ann.home}/"]
    made = 0
    for line in lines:
        found = MADE.search(line)
        if found and any(found[1].startswith(folder) for folder in private):
            made += 1
            inside = "/archives/" in found[1] or int(found[2], 8) & 0o7
            assert not (inside and int(found[2], 8) & 0o7) or within(found[1]), line
        assert "fchmod(" not in line or not re.search(r"fchmod\(\d+, 0[0-7]*[1-7]\)", line), line
    assert made > 20
    started = [line for line in lines if "execve(" in line]
    assert any("/gpg" in line for line in started) and any("/rsync" in line for line in started)
    for secret in (*SECRETS.values(), "PRIVATE KEY", "BEGIN PGP"):
        assert not [line for line in started if secret in line]


MADE = re.compile(
    r'\b(?:open|creat|mkdir|chmod|(?:openat|mkdirat|fchmodat)\(\w+, ?)\(?"([^"]+)"'
    r".*, (0[0-7]+)(?:, 0)?\) = [0-9]"
)
"""A call of strace's that makes something, or gives it another mode: the path, the mode."""


def within(path: str) -> bool:
    """Whether a file lies in a folder that is shut as a whole."""
    return re.search(r"/(pits|wallets)/[^/]+/", path) is not None
