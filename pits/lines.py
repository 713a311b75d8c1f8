"""Print an archive as one directive a line, for grep, cut and awk.

    $ pit lines | grep -P '\\talice\\t(buy|sell) '
    $ pit lines | cut -f 4 | grep '^fill .* alice/'
    $ pit read | pit lines -

A line has four fields with tabs between: the directive's reference (1042; 1042.2 for the second of
one text), its time, its signer, and the directive with its keys after `; `. A key that takes a text
of several lines is shortened to `key: …`. With `-` a stream is read from stdin; of the drafts in
it, reference and time are `-`.
"""

import sys
from collections.abc import Iterable, Iterator

from pit.archives import mbox
from pit.archives.errors import Damaged, NoInput
from pit.archives.language import LanguageError, Text, parse
from pit.archives.mbox import Draft, Entry, Message
from pit.archives.verbs import Directive, Verb, Words
from pit.pits.brought import words_of
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of
from pit.pits.state import Pit


def main(argv: list[str]) -> int:
    """Run `pit lines`."""
    options = parser("lines", __doc__)
    add_pit(options)
    options.add_argument("stream", metavar="-", nargs="?", choices=["-"], help="read stdin")
    args = options.parse_args(argv)
    messages: Iterable[Message]
    if args.stream:
        messages = mbox.read(iter(lambda: sys.stdin.buffer.read(1 << 20), b""))
    else:
        home = Home(root())
        messages = entries_of(home, choose_pit(home, args.pit))
    write = sys.stdout.write
    empty = True
    for line in lines(messages):
        empty = False
        write(line)
    if empty:
        raise NoInput("nothing came on stdin; `pit read | pit lines -` reads the archive")
    return 0


def lines(messages: Iterable[Message]) -> Iterator[str]:
    """The lines of a stream: entries, then drafts; of a checkpoint only the words count."""
    pit = Pit()
    for message in messages:
        if isinstance(message, Entry):
            text = _parse(message.text, pit.words, f"entry {message.number}")
            pit.step(message.number, message.time, message.signer, text)
            yield from _of(text, str(message.number), message.time, message.signer, pit.words)
            pit.settle()
        elif isinstance(message, Draft):
            text = _parse(message.text, pit.words, f"draft {message.filter} {message.number}")
            yield from _of(text, "-", "-", message.signer, pit.words)
        else:
            for line in message.text.split("\n"):
                _take_words(line, pit)


def _of(text: Text, number: str, time: str, signer: str, words: Words) -> Iterator[str]:
    for index, directive in enumerate(text.directives, 1):
        reference = number if index == 1 or number == "-" else f"{number}.{index}"
        yield f"{reference}\t{time}\t{signer}\t{one_line(directive, words[directive.verb])}\n"


def one_line(directive: Directive, verb: Verb) -> str:
    """A directive in one line: its keys after `; `, blocks shortened."""
    whole = verb.show(directive).split("\n")
    parts = [whole[0]]
    for line in whole[1:]:
        if line.startswith("  ") and not line.startswith("   "):
            parts.append(line[2:] + (" …" if line.endswith(":") else ""))
    return "; ".join(parts)


def _parse(text: str, words: Words, where: str) -> Text:
    try:
        return parse(text, words)
    except LanguageError as error:
        raise Damaged(f"{where}: {error}") from None


def _take_words(line: str, pit: Pit) -> None:
    """Words that a checkpoint says are in force: `rule words NAME VERSION`."""
    match line.split(" "):
        case ["rule", "words", name, version] if version.isdigit():
            pit.words.update(words_of(name, int(version)) or {})
