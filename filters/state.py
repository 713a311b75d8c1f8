"""The checkpoint of a run: rules version, report numbers, fold, what is owed, record, filter state.

Everything in it is text of the pit language, so `less` and `grep` read it; a test takes it at any
entry and goes on from there.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pit.archives.errors import Damaged
from pit.archives.language import LanguageError, parse_directives, show
from pit.archives.mbox import Checkpoint
from pit.archives.verbs import Directive, Verb, vocabulary
from pit.filters import recall, record
from pit.filters.lanes import Divergence, Owed
from pit.filters.standing import Standing
from pit.pits import dump as fold

if TYPE_CHECKING:
    from pit.filters.runner import Run

RUN = (
    Verb("standing", "{signer:word} {number:natural}", "The last report of a signer that stands."),
    Verb("sealed", "{entries:natural} {root:hash}", "The last seal."),
)


def words(run: "Run") -> dict[str, Verb]:
    """The vocabulary of a filter's checkpoints."""
    return {**fold.STATE, **record.STATE, **vocabulary(RUN, run.filter.words)}


def dump(run: "Run") -> Checkpoint:
    """The state of a run as a checkpoint message."""
    pit, name = run.pit, run.filter.name
    vocab = words(run)
    lines = [f"rule {name} {pit.rule(name)}\n"]
    lines += [show(directive, vocab) for directive in _numbers(run)]
    lines += [
        show(directive, vocab)
        for directive in fold.dump(pit)
        if directive.verb != "rule" or directive.args[0] != name
    ]
    lines += _owing(run)
    lines += record.lines(run.record)
    lines.append(record.dump_fills(run.record))
    lines += _filters_own(run)
    number, root = (pit.entry, "-") if pit.open else pit.seal
    return Checkpoint(name, number, root, "".join(lines))


def dump_own(run: "Run") -> Checkpoint:
    """The state of a run over shared folds: without the pit's fold and the record, kept once."""
    return Checkpoint(run.filter.name, *run.pit.seal, "".join([*_owing(run), *_filters_own(run)]))


def _owing(run: "Run") -> Iterator[str]:
    """What is owed, and what stands otherwise than owed."""
    for owed, signer, text in run.printed():
        yield _line("owed", signer or "-", owed, text)
    known = run.pit.words
    for found in sorted(run.lanes.diverged.values()):
        stands = Owed(found.lane, found.stands, found.report)
        yield _line("stands", "-", stands, show(found.stands, known))
        if found.owed:
            yield _line("instead", "-", Owed(found.lane, found.owed, "1"), show(found.owed, known))


def _filters_own(run: "Run") -> Iterator[str]:
    vocab = words(run)
    for directive in run.filter.dump(run.record):
        yield vocab[directive[0]].show(directive)


def _numbers(run: "Run") -> Iterator[Directive]:
    if not run.pit.open:
        yield Directive("sealed", run.pit.seal)
    for (name, signer), number in sorted(run.pit.reports.items()):
        if name == run.filter.name:
            yield Directive("standing", (signer, number))


def _line(word: str, signer: str, owed: Owed, text: str) -> str:
    return f"{word} {signer} {text}  lane: {owed.lane}\n  cause: {owed.cause}\n"


_OWED = re.compile(r"(owed|stands|instead) (\S+) (.+\n(?:  .+\n)*?)  lane: (\S+)\n  cause: (\S+)\n")


def load(run: "Run", checkpoint: Checkpoint) -> None:
    """Bring a run that has read nothing to the state of a checkpoint. Raises Damaged.

    Where it shares its folds, they are loaded already, and are left as they are.
    """
    try:
        _load(run, checkpoint)
    except (LanguageError, KeyError, ValueError, AttributeError) as error:
        raise Damaged(
            f"the checkpoint of {checkpoint.filter} at {checkpoint.number} cannot be read: "
            f"{error}; remove it, and the state is worked out again from the archive"
        ) from None


def _load(run: "Run", checkpoint: Checkpoint) -> None:
    owed: list[tuple[str, str, str, str]] = []
    plain: list[str] = []
    position = 0
    started = run.started  # over folds that are loaded already
    text = recall.load_fills(Standing() if started else run.record, checkpoint.text)
    for found in _OWED.finditer(text):
        plain.append(text[position : found.start()])
        position = found.end()
        owed.append((found[1], found[3], found[4], found[5]))
    plain.append(text[position:])
    state = parse_directives("".join(plain), words(run)).directives
    pit = run.pit
    if started:
        _load_owed(run, owed)
        run.filter.load(state, pit, run.record)
        return
    fold.load(pit, state)
    for directive in state:
        if directive.verb == "standing":
            pit.reports[run.filter.name, directive.args[0]] = directive.args[1]
        elif directive.verb == "sealed":
            pit.seal = directive.args
    _load_owed(run, owed)
    recall.load(run.record, state, pit)
    run.filter.load(state, pit, run.record)


def _load_owed(run: "Run", lines: list[tuple[str, str, str, str]]) -> None:
    diverged = run.lanes.diverged
    for word, text, lane, cause in lines:
        directive = parse_directives(text, run.pit.words).directives[0]
        if word == "owed":
            run.lanes.add(Owed(lane, directive, cause))
        elif word == "stands":
            diverged[lane] = Divergence(cause, lane, directive, None)
        else:
            diverged[lane] = diverged[lane]._replace(owed=directive)
