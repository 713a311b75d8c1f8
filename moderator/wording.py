"""The rule `words`: whether a signed text says what this signer may say in this pit now."""

from pit.archives.entry import NOTARY
from pit.archives.language import LanguageError, Text, check_characters
from pit.moderator.case import Case, Finding
from pit.pits import queries
from pit.pits.openpgp import certificate
from pit.pits.trial import first_objection

__all__ = ["line_of", "objection"]


def objection(case: Case) -> Finding | None:
    """What is wrong with the text: its characters, grammar, pit, places, roles, effects."""
    data = case.block.text
    try:
        written = data.decode()
        check_characters(written)
        text = case.text
        if case.asks:
            queries.check(text)
    except UnicodeDecodeError as error:
        line, column = (
            data.count(b"\n", 0, error.start) + 1,
            error.start - data.rfind(b"\n", 0, error.start),
        )
        return Finding(f"the byte {data[error.start]:02X} is no UTF-8", line, column)
    except LanguageError as error:
        mixed = "" if case.asks else _mixed(written, error)
        return Finding(mixed or error.problem, error.line, error.column)
    return _head(case, text, written) or (None if case.asks else _directives(case, text))


def _mixed(written: str, error: LanguageError) -> str:
    """What is wrong if the error is a question among instructions; '' if it is not."""
    word = written.split("\n")[error.line - 1].split(" ", 1)[0]
    if error.column != 1 or word not in queries.WORDS:
        return ""
    return (
        f"`{word}` asks, and is never archived; send questions in a mail of their own, without "
        "instructions"
    )


def line_of(written: str, start: str) -> int:
    """The number of the first line that begins so."""
    lines = enumerate(written.split("\n"), 1)
    return next((number for number, line in lines if line.startswith(start)), 1)


def _head(case: Case, text: Text, written: str) -> Finding | None:
    """Whether the text is for this pit, and says anything."""
    here = line_of(written, "pit ")
    pit = case.ledger.pit
    if text.pit != case.ledger.name:
        return Finding(f"'{text.pit}' is another pit; this is {case.ledger.name}", here, 5)
    if not text.directives:
        return Finding("nothing stands below the `pit` line", here, 1)
    charter = text.directives[0].verb == "charter"
    if not case.ledger.number:
        if text.id or text.after:
            return Finding("a charter has neither `id:` nor `after:`", here + 1, 3)
        if not charter:
            return Finding("nothing stands yet; the first text is the charter", text.lines[0], 1)
        return None
    if charter:
        return Finding("the pit has its charter already", text.lines[0], 1)
    if not text.id and not text.after and not case.asks:
        right = f"write `  id: {pit.id[:16]}` or `  after: N ROOT` below it"
        return Finding(f"the `pit` line says not which {text.pit}; {right}", here, 1)
    if text.id and text.id != pit.id[:16]:
        line = line_of(written, "  id: ")
        return Finding(f"'{text.id}' is another pit; {text.pit} is {pit.id[:16]}", line, 7)
    if text.directives[0].verb == "report" and not text.after:
        return Finding("a report must say `after: N ROOT`, the seal it was made from", here, 1)
    return None


def _directives(case: Case, text: Text) -> Finding | None:
    """Whether each directive stands in its place, is the signer's to say, and can have effect."""
    ledger = case.ledger
    handle, cert = case.signer
    index, problem = first_objection(
        text, handle, case.now, ledger.pit, ledger.keys, cert.fingerprint
    )
    if problem:
        return Finding(problem, text.lines[index], 1)
    for directive, line in zip(text.directives, text.lines, strict=True):
        if directive.verb == "rekey" and directive.args[0] == NOTARY:
            lacks = case.lacks(certificate(directive.keys["key"]))
            if lacks:
                return Finding(f"this notary cannot sign with that key: {lacks}", line, 1)
        if directive.verb == "charter":
            notary = certificate(directive.keys["notary-key"]).fingerprint
            if notary != case.settings.notary:
                problem = f"`notary-key:` is {notary}; this notary's is {case.settings.notary}"
                return Finding(problem, line, 1)
    return None
