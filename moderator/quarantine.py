"""Mail whose sender is not proven: kept, answered by nothing.

The quarantine is a Maildir that the operator may read with any mail program.
"""

import hashlib
from pathlib import Path

from pit.archives.disk import io_failure, sync_folder, write_atomic

__all__ = ["put"]


def put(folder: Path, mail: bytes, code: str, why: str) -> Path:
    """Keep a mail as it came, with `Pit-Refused: CODE` and a reason in front; it is on disk then.

    why: one printable line. The file is named by its content: the same mail again, as after a
    crash, is the same file.
    """
    reason = why.encode("ascii", "backslashreplace").decode()[:900]
    data = f"Pit-Refused: {code}\nPit-Reason: {reason}\n".encode() + mail
    path = folder / "new" / hashlib.sha256(data).hexdigest()
    if not path.exists():
        with io_failure(folder):
            for part in ("tmp", "new", "cur"):
                (folder / part).mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
    with io_failure(folder):
        for place in (folder.parent, folder, folder / "new"):
            sync_folder(place)
    return path
