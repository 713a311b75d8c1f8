"""What the notary answers: receipts, refusals, and nothing that could be answered again.

A reply goes to the address that the proven signer wrote from, an enrolled one, and nowhere else. It
is plain text that a person can read, check by hand, and show to others.
"""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

from pit.moderator.case import Case, Finding
from pit.moderator.hints import explain
from pit.moderator.ledger import Instruction
from pit.moderator.mistake import excerpt, mistake
from pit.moderator.rules import SENTENCES
from pit.moderator.stamp import Made
from pit.pits import queries, reply
from pit.pits.display import printable
from pit.pits.reply import citable, letter

__all__ = ["Limit", "Reply", "astray", "receipt", "refusal"]

_QUOTED_LINES = 200
_WIDTH = 78
_HOW_TO_CHECK = """\
Keep this mail: it proves that the entry stands, whatever becomes of the archive. Below are the
entry's stamp, six lines; the path from it to the root of the tree over all stamps; and the seal, a
mail of the notary that signs the root, with its own stamp.

To check: take the sha256 of a zero byte and the stamp's lines; for each line of the path the sha256
of a byte 01, the hash on the left and the hash on the right, the path's being on the side that L or
R says. The last one is the seal's `root:`. gpg --verify checks the seal.

"""


class Reply(NamedTuple):
    """A mail to a member: his handle, his address, the mail itself."""

    handle: str
    address: str
    mail: bytes


def receipt(case: Case, entry: Made, path: str, seal: bytes) -> Reply:
    """The proof that an entry stands: stamp, path to the seal's root, the seal's entry.

    path: its lines, `L HASH` or `R HASH`. seal: the seal's entry without its `From_` line (mail
    servers and programs change such lines).
    """
    number, stamp, text, _ = entry
    pit = case.ledger.name
    body = (
        f"Entry {number} of the pit {pit} is your signed text:\n\n"
        f"{_quoted(text)}\n{_HOW_TO_CHECK}"
        f"== stamp\n{stamp.decode()}== path\n{path}== seal\n"
    ).encode() + seal
    return _reply(case, f"receipt {pit} {number}", body)


_FATES = {
    "": "The archive records the refusal, so the same signature is never taken again: to try\n"
    "anew, correct the text and sign it anew.",
    "early": "Nothing was recorded: the same mail may be sent again.",
    "asked": "Nothing was recorded, as nothing that is asked ever is: correct the text and sign\n"
    "it anew.",
    "shape": "Nothing was done and nothing recorded: send the same signed block again, with\n"
    "nothing above or below it, or sign the text anew.",
    "parts": "Nothing was done and nothing recorded: sign the text alone, and send that.",
}
"""What becomes of a text that was refused."""


_HELP = "How to write to this pit says the answer to a signed `help`.\n\n"


def refusal(case: Case, code: str, finding: Finding) -> Reply:
    """Why an instruction was not taken, the place and the likely cause, and what to do."""
    name = case.ledger.name
    fate = "early" if code == "early" else "asked" if case.asks else ""
    body = (
        f"The pit {name} does not take your text: {code}.\n"
        f"{SENTENCES['number' if code == 'early' else code]}\n\n{finding}\n"
        f"{_place(case, finding)}\n{_FATES[fate]}\n\n"
        f"{_HELP if code == 'words' else ''}"
        f"{'' if case.asks else _directive(case.instruction, code)}"
        f"{_quoted(case.block.text.decode('utf-8', 'replace'))}"
    )
    return _reply(case, f"refusal {name} {code}", body.encode())


def astray(case: Case, why: Sequence[str], quoted: bool) -> Reply:
    """Why a mail was not taken that is more than its signed text, though it proves its sender.

    case: what of it proves him. quoted: whether that is a text.
    """
    name = case.ledger.name
    said = "\n".join(fill(one, _WIDTH) for one in why)
    text = _quoted(case.block.text.decode("utf-8", "replace")) if quoted else ""
    body = (
        f"The pit {name} does not take your mail: shape.\n{SENTENCES['shape']}\n\n{said}\n\n"
        f"{_FATES['shape' if quoted else 'parts']}\n{text and chr(10)}{text}"
    )
    return _reply(case, f"refusal {name} shape", body.encode())


def _place(case: Case, finding: Finding) -> str:
    """The line at fault with a caret below it, and the likely causes; '' for no place."""
    if not finding.line:
        return ""
    pit = case.ledger.pit
    m = mistake(
        case.block.text.decode("utf-8", "replace"),
        finding.line,
        finding.column,
        finding.problem,
        {**pit.words, **queries.WORDS},
        case.ledger.name,
        pit.id[:16],
    )
    causes = "".join(f"\n{fill(one, _WIDTH)}\n" for one in explain(m))
    return f"\n{excerpt(m)}{causes}"


def _directive(instruction: Instruction, code: str) -> str:
    """Which instruction it is, in the words of the archive."""
    fingerprint, signed, text = instruction
    return f"refused {fingerprint} {signed} {text} {code}\n\n"


def _quoted(text: str) -> str:
    """A text behind `> `, shortened, and unable to steer a terminal."""
    lines = text.removesuffix("\n").split("\n")
    more = len(lines) - _QUOTED_LINES
    shown = [_quoted_line(line) for line in lines[:_QUOTED_LINES]]
    return "\n".join([*shown, *([f"> … {more} more lines"] if more > 0 else []), ""])


def _quoted_line(line: str) -> str:
    shown = line if line.isprintable() else printable(line)
    return f"> {shown[:900]}".rstrip()


def _reply(case: Case, what: str, body: bytes) -> Reply:
    named = [value for name, value in case.mail.fields if name == "message-id"]
    thread = citable(named[0]) if len(named) == 1 else ""
    key = f"{case.instruction.text[:32]}.{case.instruction.signed.replace(':', '')}"
    settings = case.settings._replace(name=case.ledger.name)
    mail = letter(settings, case.mail.sender, what, key, case.now, body, thread=thread)
    return Reply(case.handle, case.mail.sender, mail)


class Limit(reply.Limit):
    """The limit of replies, and who is still owed one: what stands since everybody was told was cut
    off by a crash. number: the archive's last entry.
    """

    def __init__(self, path: Path, number: int) -> None:
        super().__init__(path)
        self._owed = range(self.told + 1, number + 1)
        self._paid: set[Instruction] = set()

    def owes(self, instruction: Instruction, record: int) -> bool:
        """Whether an answer to an instruction decided in that entry is still owed; only once."""
        if record not in self._owed or instruction in self._paid:
            return False
        self._paid.add(instruction)
        return True
