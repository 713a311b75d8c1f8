"""How much mail the ways in take."""

LIMIT = 8 << 20
"""Bytes of a mail that `pit lmtp` and `pit deliver` take.

The notary's own limit is 1 MiB. What is above it and below this one is kept, in quarantine, where
somebody can see why; what is longer still would fill the disk, and goes back to who sent it.
"""

PASSED = 4 << 20
"""Bytes that the mail server itself shall take, with what it puts in front.

It must be below the other: a mail that it has taken and cannot deliver, it sends back to whomever
it is said to be from. An entry of 1 MiB fits, as posted to members in base64.
"""
