"""A private pit's archive, mirrored over ssh by those who may: a real sshd on the loopback."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.archives.errors import UsageError
from pit.filters.replica import by_ssh
from pit.pits.home import load_settings
from tests.conftest import Shell
from tests.e2e.people import called, idle_users, unused
from tests.e2e.sshd import Server


class Host:
    """A private pit, whose members' group is `group`; the server; two people's keys."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.folder, self.root = folder, not os.geteuid()
        self.pit = Shell(folder / "home")
        (self.group,) = unused(1) if self.root else [os.getegid()]
        self.pit("new", "acme", "--private", "--group", str(self.group))
        self.id = load_settings(self.pit.home, "acme").id
        self.archive = self.pit.home.archive("acme")
        (folder / "ssh").mkdir()
        self.server = Server(folder / "ssh")
        self.ann, self.ben, self.eve = (self.server.key(name) for name in ("ann", "ben", "eve"))
        self.uids = idle_users(2) if self.root else []
        if self.root:
            self.server.let_in(self.ann, self.uids[0], self.group)
            self.server.let_in(self.ben, self.uids[1])
        else:
            self.server.let_in(self.ann)
        self.url = f"ssh://{self.server.user}@127.0.0.1:{self.server.port}{self.archive}"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """The host, on which nothing changes."""
    folder = Path(tempfile.mkdtemp(prefix="pit-", dir="/tmp"))
    host = Host(folder)
    yield host
    host.server.close()
    shutil.rmtree(folder)


needs_shell = pytest.mark.skipif(
    Path(pwd.getpwuid(os.geteuid()).pw_shell).name in ("nologin", "false"),
    reason="needs a user with a shell: sshd lets no other in",
)


def mirror(host: Host, member: Shell, *args: str, status: int = 0) -> str:
    return member("mirror", "--id", host.id, *args, str(member.home.archive("acme")), status=status)


@needs_shell
def test_a_member_mirrors_a_private_pit_by_its_url(host: Host, pit: Shell) -> None:
    out = mirror(host, pit, "--rsh", host.server.rsh(host.ann), host.url)
    assert out == f"{host.url}: new: 2 entries, up to 2, verified\n"
    copy = pit.home.archive("acme")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    assert (copy / "0000000001.mbox").read_bytes() == (
        host.archive / "0000000001.mbox"
    ).read_bytes()


@needs_shell
def test_rsync_finds_the_way_in_its_own_variable(
    host: Host, pit: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    rsh = host.server.rsh(host.ann)
    place = f"{host.server.user}@127.0.0.1:{host.archive}"
    monkeypatch.setenv("RSYNC_RSH", f"{rsh} -p {host.server.port}")
    assert mirror(host, pit, place) == f"{place}: new: 2 entries, up to 2, verified\n"
    monkeypatch.setenv("RSYNC_RSH", rsh)
    assert mirror(host, pit, host.url) == f"{host.url}: same: nothing new since entry 2\n"


def test_a_key_that_the_host_does_not_know_is_refused(host: Host, pit: Shell) -> None:
    assert mirror(host, pit, "--rsh", host.server.rsh(host.eve), host.url, status=77) == ""
    assert f"{host.url}: denied: {host.server.user}@127.0.0.1: Permission denied (publ" in pit.err
    assert not pit.home.archive("acme").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to log in as several users")
def test_over_ssh_nobody_mirrors_a_pit_that_he_is_not_in(host: Host, pit: Shell) -> None:
    assert called(host.uids[0]) != called(host.uids[1])
    assert mirror(host, pit, "--rsh", host.server.rsh(host.ben), host.url, status=77) == ""
    assert f"{host.url}: denied: rsync: " in pit.err
    assert f'change_dir "{host.archive}" failed: Permission denied' in pit.err
    assert not pit.home.archive("acme").exists()


NO_PLACES = (
    *("ssh://", "ssh://host", "ssh://-oProxyCommand=id/x", "ssh://a@-b/x", "ssh://host:port/x"),
    *("ssh://host:22", "ssh://ho st/x", "ssh://$(id)/x", "ssh://-a@host/x", "ssh://[host]/x"),
    *("ssh://host/x\n", "ssh://a b@host/x", "ssh://host:222222/x", "ssh://host:-1/x"),
)
PLACES = {
    "ssh://host/srv/pit": ("host:/srv/pit", ""),
    "ssh://me@host:2222/srv/pit": ("me@host:/srv/pit", "ssh -p 2222"),
    "ssh://me@[::1]:22/a b": ("me@[::1]:/a b", "ssh -p 22"),
    "me@host:/srv/pit": ("me@host:/srv/pit", ""),
    "./ssh:/x": ("./ssh:/x", ""),
}


def test_an_ssh_url_is_a_place_of_rsyncs_or_is_refused(
    pit: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RSYNC_RSH", raising=False)
    assert {url: by_ssh(url, "") for url in PLACES} == PLACES
    for url in NO_PLACES:
        with pytest.raises(UsageError, match="is no place; write ssh://USER@HOST:PORT/FOLDER"):
            by_ssh(url, "")
    pit("mirror", "--id", "0" * 64, "ssh://-a/x", str(pit.home.archive("acme")), status=64)
    assert pit.err == "pit mirror: 'ssh://-a/x' is no place; write ssh://USER@HOST:PORT/FOLDER\n"
