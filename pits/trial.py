"""Whether a text may stand: each directive in its place, the signer's to say, and with effect.

The notary asks before it stamps, the audit afterwards; both here.
"""

import copy

from pit.archives.language import Text
from pit.pits.effects import APPLY
from pit.pits.keyring import Keyring, Signer
from pit.pits.members import misplaced, objection
from pit.pits.state import Pit

_CHANGES = APPLY.keys() - {"adopt", "report", "seal"}


def first_objection(
    text: Text, signer: str, time: str, pit: Pit, keys: Keyring, key: str = ""
) -> tuple[int, str]:
    """The index of the first directive that may not stand, and why; (-1, '') when all may.

    key: the fingerprint of the primary key that signed it.
    pit, keys: as they are above the text, left as they are. The directives of a text take effect
    one after the other, so that one text can list a ticker and issue its units.
    """
    index, problem = misplaced(text.directives, signer, pit.words)
    if problem:
        return index, problem
    before = text.directives[:-1]
    trying = bool(before) and any(directive.verb in _CHANGES for directive in before)
    if trying:
        # The words stay the same within a text, and are the larger part of a pit.
        pit, keys = copy.deepcopy(pit, {id(pit.words): pit.words}), keys.copy()
    may: set[str] = set()
    by = Signer(signer, key, pit.entry + 1, time)
    for index, directive in enumerate(text.directives):
        if directive.verb not in may:
            problem = objection(pit.member(signer), signer, pit.words[directive.verb])
            may.add(directive.verb)
        problem = problem or pit.objection(directive, signer) or keys.check(directive, by)
        if problem:
            return index, problem
        if trying:
            may.clear()  # what he may say, he may change
            one = text._replace(directives=(directive,), lines=(text.lines[index],))
            pit.step(pit.entry + 1, time, signer, one)
            keys.step(one, by)
    return -1, ""
