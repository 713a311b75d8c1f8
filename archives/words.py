"""The core words of the language (LANGUAGE, The words).

Only words that do something stand here: what a later rule brings comes with its rule, so that no
text is accepted whose meaning nobody carries out.
"""

from pit.archives.verbs import vocabulary
from pit.archives.words_members import MEMBERS
from pit.archives.words_pit import PIT
from pit.archives.words_reports import REPORTS

__all__ = ["CORE", "MEMBERS", "PIT", "REPORTS"]

CORE = vocabulary(PIT, MEMBERS, REPORTS)
"""The words that every pit has."""
