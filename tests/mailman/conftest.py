"""A real Mailman core for the tests of this folder, and pits with a list in it."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.pits import spool
from pit.pits.home import load_settings, save_settings
from tests.conftest import Shell
from tests.mailman.core import HOST, PASSWORD, USER, Core
from tests.mailman.readers import Readers
from tests.mta.sink import Sink

_numbers = itertools.count(1)


class Listed(Shell, Readers):
    """`pit` in a home of its own, whose pit `acme` has a list, and its subscribers."""

    def __init__(self, home: Path, core: Core, sink: Sink) -> None:
        Shell.__init__(self, home)
        Readers.__init__(self, self.home, f"acme-{next(_numbers)}@pits.example", sink, core)
        settings = load_settings(self.home, "acme")
        save_settings(self.home, settings._replace(address=self.address))
        self.configure()

    def configure(self, more: str = "") -> None:
        """Write pits/acme/mail."""
        (self.home.pit("acme") / "mail").write_text(
            f"[mail]\nsmtp = {HOST}:{self.sink.port}\n\n[mailman]\nurl = {self.core.url}\n"
            f"user = {USER}\npassword = {PASSWORD}\nvar = {self.core.var}\n{more}"
        )

    def mail(self, who: str, *directives: str) -> bytes:
        """A signed mail that is not sent yet: out of the spool again."""
        before = set(spool.waiting(self.home.spool("acme")))
        self("send", "--as", who, *directives)
        (path,) = set(spool.waiting(self.home.spool("acme"))) - before
        mail = spool.take(path)
        spool.done(path)
        return mail


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    """Where Mailman's mail, and the notary's, goes out."""
    with Sink() as one:
        yield one


@pytest.fixture(scope="session")
def core(sink: Sink) -> Iterator[Core]:
    """A Mailman core that runs as long as the tests do."""
    folder = Path(tempfile.mkdtemp(prefix="mm-", dir="/tmp"))
    try:
        with Core(folder, sink.port) as one:
            yield one
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def acme(core: Core, sink: Sink, founded: Path, tmp_path: Path) -> Listed:
    """The club with alice and bob, and its list, made by `pit list create`."""
    shutil.copytree(founded, tmp_path / "home", ignore=shutil.ignore_patterns("S.*"))
    sink.clear()
    listed = Listed(tmp_path / "home", core, sink)
    listed("list", "create")
    return listed
