"""Verbs: each a typed declaration from which the parser and the printer are compiled.

A form such as `{quantity:number} {ticker:asset} @ {price:price}` names fields by type, with
literal words between them and `[…]` around words that may be missing. It becomes one regular
expression, because a parser that walks through the fields is three times too slow for an archive
of millions (LANGUAGE, The words).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, NamedTuple

from pit.archives.fields import FIELDS, Field, choice


class Directive(NamedTuple):
    """One directive: a verb, its values in the order of the declaration, its keys.

    Two are equal when they say the same, however many zeros a number was written with.
    """

    verb: str
    args: tuple[Any, ...]
    keys: Mapping[str, Any] = MappingProxyType({})


NO_KEYS: Mapping[str, Any] = Directive("", ()).keys

make_directive = partial(tuple.__new__, Directive)
"""A directive of its three parts, for half the cost of a call of the class."""


class Slot(NamedTuple):
    """A place in a form: a literal word (`field` None) or a field; `optional` belongs to `[…]`."""

    name: str
    field: Field | None
    optional: bool


def _field(name: str) -> Field:
    return choice(*name[1:].split("|")) if name.startswith("=") else FIELDS[name]


def _slots(form: str) -> tuple[Slot, ...]:
    slots = []
    optional = False
    for token in form.split():
        optional = optional or token.startswith("[")
        bare = token.strip("[]")
        if bare.startswith("{"):
            name, _, kind = bare.strip("{}").partition(":")
            slots.append(Slot(name, _field(kind), optional))
        else:
            slots.append(Slot(bare, None, optional))
        optional = optional and not token.endswith("]")
    return tuple(slots)


class Verb:
    """A word of the language.

    name: what the directive begins with. form: its fields (see the module). help: one sentence.
    who: roles that may say it (`member` is every member in good standing). keys: its keys by name,
    each with its type. needed: the keys that must be there. report: the filter in whose reports it
    stands, `*` for any. cover: what `positions` answers for and holds: `order`, the field or key
    that says how much of the field `asset` (of the field `ticker`'s currency where there is none),
    or '' for nothing. mover: the filter that may `move` what is held; whose report on the field
    `ticker` counts is its publisher. fee: as which kind it is charged in TT, where the pit has any
    (`rule tokens 1`); '' for none. allows: `issue`, for a report's directive without which that
    is not said of its field `ticker` once there are units: as much as its field `quantity`, before
    its field `until`, by its field `motion`. sets: a report's directive whose last two fields are a
    rule's name and value, in force as if the operator had said so, where whoever publishes for the
    ticker of the rule `governed-by` says it. names: what it does to the name in its field `ticker`
    (`pits.naming`): of an instruction `asks-end` or `asks-join`, of a report `list`, `drop`,
    `close`, `end`, `join`, `prefer` or `permit`.
    """

    def __init__(
        self,
        name: str,
        form: str = "",
        help: str = "",
        *,
        who: Iterable[str] = (),
        keys: Mapping[str, str] | None = None,
        needed: Iterable[str] = (),
        report: str = "",
        cover: str = "",
        mover: str = "",
        fee: str = "",
        allows: str = "",
        sets: bool = False,
        names: str = "",
    ) -> None:
        self.name, self.form, self.help, self.report = name, form, help, report
        self.who, self.needed = tuple(who), tuple(needed)
        self.keys = {key: _field(kind) for key, kind in (keys or {}).items()}
        self.key_types = dict(keys or {})
        self.cover, self.mover, self.fee = cover, mover, fee
        self.allows, self.sets, self.names = allows, sets, names
        self.slots = _slots(form)
        self.fields = tuple(slot for slot in self.slots if slot.field)

    def said(self, directive: Directive) -> dict[str, Any]:
        """The values of a directive's fields and keys by name."""
        names = (slot.name for slot in self.fields)
        return {**dict(zip(names, directive.args, strict=True)), **directive.keys}

    @property
    def usage(self) -> str:
        """The form as a person reads it: `buy QUANTITY TICKER @ PRICE`."""
        words = re.sub(r"\{(\w+):[^}]*\}", lambda m: m[1].upper(), self.form)
        return f"{self.name} {words}".strip()

    @cached_property
    def match(self) -> Callable[[str, int], re.Match[str] | None]:
        """Matches a whole directive line, LF included, at a position of a text."""
        pattern = re.escape(self.name)
        absent = ""  # ends an optional part: it is missing only where its first word is
        for slot in self.slots:
            word = " " + (f"({slot.field.pattern})" if slot.field else re.escape(slot.name))
            if slot.optional and not absent:
                there = word.replace("(", "(?:", 1) if slot.field else word
                pattern, absent = pattern + "(?:", rf"|(?!{there}[ \n]))"
            elif absent and not slot.optional:
                pattern, absent = pattern + absent, ""
            pattern += word
        return re.compile(pattern + absent + r"\n").match

    @cached_property
    def values(self) -> Callable[[re.Match[str]], tuple[Any, ...]]:
        """The values of a match, converted: a function made for this verb, as namedtuple's are."""
        readers = {f"r{i}": slot.field.read for i, slot in enumerate(self.fields) if slot.field}
        terms = []
        for i, slot in enumerate(self.fields):
            term = f"m[{i + 1}]"
            if readers[f"r{i}"]:
                term = f"r{i}({term})" + (f" if {term} else None" if slot.optional else "")
            terms.append(term + ",")
        made: Callable[[re.Match[str]], tuple[Any, ...]] = eval(
            f"lambda m: ({' '.join(terms)})", dict(readers)
        )
        return made

    @cached_property
    def key_line(self) -> Callable[[str, int], re.Match[str] | None]:
        """Matches one `key: value` line of this verb; blocks are not matched."""
        names = "|".join(re.escape(key) for key in self.key_readers) or "(?!)"
        return re.compile(rf"  ({names}): ([^\n]+)\n").match

    @cached_property
    def key_readers(self) -> dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]]:
        """For each key that is not a block: the full match of its pattern, and its reader."""
        return {
            key: (re.compile(field.pattern).fullmatch, field.read or str)
            for key, field in self.keys.items()
            if field.pattern
        }

    @cached_property
    def line(self) -> Callable[[tuple[Any, ...]], str]:
        """The directive line of given values, LF included: made for this verb, like `values`."""
        writers = {f"s{i}": slot.field.show for i, slot in enumerate(self.fields) if slot.field}
        pieces = [f"'{self.name}'"]
        literal = ""
        number = 0
        for slot in self.slots:
            if slot.field is None:
                literal += f" {slot.name}"
                continue
            value = f"a[{number}]"
            shown = f"s{number}({value})" if writers[f"s{number}"] else value
            piece = f"'{literal} ' + {shown}"
            pieces.append(f"({piece} if {value} is not None else '')" if slot.optional else piece)
            literal = ""
            number += 1
        made: Callable[[tuple[Any, ...]], str] = eval(  # as `values`
            f"lambda a: {' + '.join(pieces)} + '{literal}\\n'", dict(writers)
        )
        return made

    @cached_property
    def key_writers(self) -> dict[str, tuple[int, str, Callable[[Any], str]]]:
        """For each key: its place in the declaration, what stands before its value, its printer."""
        return {
            key: (place, f"  {key}: ", field.show or str)
            if field.pattern
            else (place, f"  {key}:\n", _show_block)
            for place, (key, field) in enumerate(self.keys.items())
        }

    def show(self, directive: Directive) -> str:
        """The directive as text: its line and its keys in the order of the declaration."""
        _, args, keys = directive
        text = self.line(args)
        if not keys:
            return text
        writers, last = self.key_writers, -1
        for key, value in keys.items():
            place, head, show = writers[key]
            if place < last:  # seldom: not in the order of the declaration
                ordered = {name: keys[name] for name in self.keys if name in keys}
                return self.show(Directive(directive.verb, args, ordered))
            last = place
            text += f"{head}{show(value)}\n"
        return text


def _show_block(value: str) -> str:
    """The lines of a block, indented; `show` ends the last one."""
    return "\n".join(f"    {line}" if line else "" for line in value.split("\n"))


Words = Mapping[str, Verb]
"""A vocabulary: verbs by name."""


def vocabulary(*lists: Iterable[Verb]) -> dict[str, Verb]:
    """The verbs of several lists by name."""
    return {verb.name: verb for verbs in lists for verb in verbs}
