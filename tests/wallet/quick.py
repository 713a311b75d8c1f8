"""`pit` in the test's own process: it starts sooner."""

from pit.wallet import inbox
from tests.conftest import Shell
from tests.pits.forks import pit


class Quick(Shell):
    """As `Shell`, without a process for each command."""

    def run(self, *args: str, stdin: bytes = b"", status: int = 0) -> bytes:
        """Stdout; the exit status must be `status`."""
        inbox._notary.cache_clear()  # a process looks once
        done = pit(self.home.root, *args, stdin=stdin)
        self.err = done.err
        assert done.status == status, f"{args}: {done.status}: {done.err}"
        return done.out
