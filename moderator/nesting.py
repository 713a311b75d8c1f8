"""How deep a mail's multiparts go, before anything else is asked about them (NOTARY, size)."""

import re

__all__ = ["depth"]

_KIND = re.compile(rb"(?:^|\n)content-type:\s*(multipart|message)/", re.IGNORECASE)
_BOUNDARY = re.compile(rb';\s*boundary\s*=\s*(?:"([^"\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)


def depth(mail: bytes) -> int:
    """How many multiparts are in one another, at most; 0 for a mail without any.

    mail: LF line ends. Read leniently, as a mail program might, and each line looked at once: the
    time does not grow with the depth.
    """
    inside: list[bytes] = []  # the boundaries of the multiparts that are open
    place: dict[bytes, int] = {}  # where each of them stands in `inside`
    deepest = 0
    head: list[bytes] | None = []  # the header lines so far, None in a body
    for line in mail.split(b"\n"):
        if head is not None and line:
            head.append(line)
        elif head is not None:
            said = b"\n".join(head)
            kind = _KIND.search(said)
            head = [] if kind and kind[1].lower() == b"message" else None
            if kind and head is None:
                deepest = max(deepest, len(inside) + 1)
                found = _BOUNDARY.search(said)
                boundary = (found[1] or found[2]) if found else b""
                if boundary and boundary not in place:
                    place[boundary] = len(inside)
                    inside.append(boundary)
        elif line.startswith(b"--"):
            name = line[2:].rstrip(b" \t")
            ends = name not in place and name.endswith(b"--")
            at = place.get(name[:-2] if ends else name)
            if at is not None:
                keep = at if ends else at + 1
                for gone in inside[keep:]:
                    del place[gone]
                del inside[keep:]
                head = None if ends else []
    return deepest
