"""`pit VERB ARGS`: find the verb, import its module and no other, turn errors into exit codes.

A verb is an entry point of the group `pit.verbs`: a function that takes the arguments after the
verb and returns an exit status, None for 0. Whatever it raises becomes a line on stderr and a
status of sysexits(3) here, in one place:

    PitError           `pit VERB: TEXT`, its own status (a divergence has several lines)
    OSError            `pit VERB: TEXT`, 74: a full disk is not a bug; 77 for what others may read
    closed stdout      nothing, 1, as the Python manual has it (signal, "Note on SIGPIPE")
    Ctrl-C             nothing, 130
    anything else      `pit VERB: bug: TYPE: TEXT; please report`, 70

PIT_DEBUG in the environment adds the traceback to the last, and to an OSError.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version

from pit.archives.errors import Denied, IOFailure, Misconfigured, PitError, UsageError

__all__ = ["main", "run_verb", "verbs"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run `pit` with these arguments (default: the process's own) and return the exit status."""
    args = list(sys.argv[1:] if argv is None else argv)
    name = f"pit {args[0]}" if args and not args[0].startswith("-") else "pit"
    try:
        status = _run(args)
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError as error:
        status = 1 if _stdout_is_closed() else _explain(name, error)
    except Exception as error:
        status = _explain(name, error)
    return _flush(name, status)


def _run(args: list[str]) -> int:
    match args:
        case []:
            raise UsageError("which verb? `pit --help` lists them")
        case ["-h" | "--help", *_]:
            from pit.pits.overview import overview

            sys.stdout.write(overview(verbs()))
            return 0
        case ["--version", *_]:
            print("pit", version("tradingpit"))
            return 0
        case [option, *_] if option.startswith("-"):
            raise UsageError(f"no such option: {option}; `pit --help` lists the verbs")
    return run_verb(args[0], args[1:])


def run_verb(verb: str, args: Sequence[str]) -> int:
    """Run a verb in this process, as `turn` and `new` do, and return its exit status.

    Whatever the verb raises comes through; UsageError if there is no such verb.
    """
    function = _load(_find(verb))
    try:
        status = function(list(args))
    except SystemExit as done:  # argparse ends --help this way
        if done.code is not None and not isinstance(done.code, int):
            raise
        status = done.code
    return status or 0


def verbs() -> dict[str, EntryPoint]:
    """Return the verbs of all installed distributions, ours and other people's, by name.

    Misconfigured when two of them bring the same verb: which one ran would hang on the order of
    sys.path, and a verb may sign.
    """
    # All distributions, for others may bring verbs and filters: that costs 3 ms more than reading
    # our own entry_points.txt alone, where importing importlib.metadata costs 30 (Python 3.11).
    table: dict[str, EntryPoint] = {}
    for entry in entry_points(group="pit.verbs"):
        other = table.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise Misconfigured(
                f"verb {entry.name!r} is brought twice, as {other.value} by {_owner(other)} and as "
                f"{entry.value} by {_owner(entry)}; uninstall one of the two"
            )
    return table


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _find(verb: str) -> EntryPoint:
    table = verbs()
    if verb in table:
        return table[verb]
    from difflib import get_close_matches  # only a slip of the pen pays for it

    near = get_close_matches(verb, table, n=1)
    hint = f"did you mean `pit {near[0]}`? " if near else ""
    raise UsageError(f"no such verb; {hint}`pit --help` lists them")


def _load(entry: EntryPoint) -> Callable[[list[str]], int | None]:
    """Import the verb's module and return its function; Misconfigured if either is missing."""
    try:
        module = import_module(entry.module)
    except ModuleNotFoundError as error:
        if error.name and f"{entry.module}.".startswith(f"{error.name}."):
            raise Misconfigured(
                f"its module {entry.module} is missing; the installation is not whole"
            ) from error
        raise Misconfigured(
            f"needs the Python module {error.name}, which is not installed"
        ) from error
    try:
        function: Callable[[list[str]], int | None] = getattr(module, entry.attr)
    except AttributeError as error:
        raise Misconfigured(f"its module {entry.module} has no {entry.attr}()") from error
    return function


def _explain(name: str, error: Exception) -> int:
    """Say on stderr what went wrong and return the exit status."""
    text, status = str(error), IOFailure.status
    if isinstance(error, PermissionError) and error.filename:
        from pit.archives.access import barred

        if why := barred(error.filename):
            error = Denied(why)
            text = why
    if isinstance(error, PitError):
        status = error.status
    elif not isinstance(error, OSError):
        text, status = f"bug: {type(error).__name__}: {text}; please report", 70  # EX_SOFTWARE
    if not isinstance(error, PitError) and os.environ.get("PIT_DEBUG"):
        import traceback

        traceback.print_exception(error)
    if sys.stderr is not None:  # `2>&-`: print would turn to stdout, which is the stream's
        print(_printable(f"{name}: {text}"), file=sys.stderr)
    return status


def _flush(name: str, status: int) -> int:
    """Write out what stdout still buffers; a failure counts if nothing failed before."""
    if sys.stdout is None:  # `>&-`
        return status
    try:
        sys.stdout.flush()
    except OSError as error:
        # What is left must not fail again when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return status or 1
        return status or _explain(name, error)
    return status


def _printable(text: str) -> str:
    """Escape what could steer a terminal: an error may quote any mail. Its own lines stay lines."""
    from pit.pits.display import printable  # only where there is an error to show

    return "\n".join(map(printable, text.split("\n")))


def _stdout_is_closed() -> bool:
    """Tell a reader of ours that went away (`| head`) from any other pipe that broke."""
    if sys.stdout is None:
        return False
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


if __name__ == "__main__":
    sys.exit(main())
