"""Every error that the software raises on purpose: one family, each with its exit status.

The text says where, what was found and what would be right; the status is that of sysexits(3).
"""


class PitError(Exception):
    """Bad data; the base of the family. `str(error)` is the sentence for a person."""

    status = 65  # EX_DATAERR


class UsageError(PitError):
    """The command line asks for something that does not exist."""

    status = 64  # EX_USAGE


class NoInput(PitError):
    """A file, pit or entry that is asked for is not there."""

    status = 66  # EX_NOINPUT


class CannotCreate(PitError):
    """A file that should be made exists already, or its folder cannot be written."""

    status = 73  # EX_CANTCREAT


class IOFailure(PitError):
    """A write, read or fsync failed: what is on disk is not what was asked for."""

    status = 74  # EX_IOERR


class Busy(PitError):
    """Somebody else holds the lock; the same call may succeed later."""

    status = 75  # EX_TEMPFAIL


class Denied(PitError):
    """A right or a key is missing."""

    status = 77  # EX_NOPERM


class Misconfigured(PitError):
    """The set-up does not allow it: a missing program, an unknown rules version."""

    status = 78  # EX_CONFIG


class Damaged(PitError):
    """The archive, or a file of ours, is not what it must be."""
