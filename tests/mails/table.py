"""All rows of the corpus."""

from tests.mails import around, coded, enclosed, huge, mime, outlines, senders, signatures, texts

CLEARSIGNED = [*around.PAIRS, *enclosed.PAIRS, *senders.PAIRS, *signatures.PAIRS, *texts.PAIRS]
HUGE = huge.PAIRS
MIME = [*mime.PAIRS, *outlines.PAIRS, *coded.PAIRS]
REVOKED = signatures.REVOKED
