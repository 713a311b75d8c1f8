"""The reference of the language, made from its declarations: `python -m pit.archives.reference`.

docs/reference/language.md holds what this prints; `make docs` writes it there, and a test fails
when the two differ.
"""

from collections.abc import Iterable

from pit.archives.fields import FIELDS
from pit.archives.verbs import Verb
from pit.archives.words import MEMBERS, PIT, REPORTS

__all__ = ["cell", "types", "verbs", "words"]


def cell(text: str) -> str:
    """A text as it may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|")


def types() -> str:
    """A table of the field types, then the regular expression of each."""
    rows = [f"| `{n}` | {cell(f.what)} | {cell(f.right)} |" for n, f in FIELDS.items()]
    width = max(map(len, FIELDS))
    forms = [f"{name:{width}}  {field.pattern}" for name, field in FIELDS.items() if field.pattern]
    return "\n".join(
        [
            "| type | is | an error says |",
            "|---|---|---|",
            *rows,
            "",
            "The forms, as regular expressions that match the whole of it:",
            "",
            "```text",
            *forms,
            "```",
            "",
        ]
    )


def verbs(declared: Iterable[Verb]) -> str:
    """A table of verbs: form, who may say it, keys, meaning."""
    rows = ["| word | who | keys | meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{cell(f'{verb.name} {verb.form}'.strip())}` | {', '.join(verb.who)} | {_keys(verb)} "
        f"| {_meaning(verb)} |"
        for verb in declared
    ]
    return "\n".join([*rows, ""])


def _keys(verb: Verb) -> str:
    """The keys of a verb with their types; those that must be there say so."""
    return "; ".join(
        f"`{key}:` {_type(kind)}{' (needed)' if key in verb.needed else ''}"
        for key, kind in verb.key_types.items()
    )


def _type(kind: str) -> str:
    if kind.startswith("="):
        return " or ".join(f"`{word}`" for word in kind[1:].split("|"))
    return kind


def _meaning(verb: Verb) -> str:
    said = [verb.help]
    if verb.report == "*":
        said.append("Stands in reports of any filter.")
    elif verb.report:
        said.append(f"Stands in reports of `{verb.report}`.")
    if verb.cover:
        said.append("Needs cover: the keeper answers `accept` or `refuse`.")
    return cell(" ".join(said))


def words() -> str:
    """The core words in the groups in which they are declared."""
    groups = {"The pit": PIT, "Members": MEMBERS, "Reports": REPORTS}
    return "\n".join(f"### {name}\n\n{verbs(declared)}" for name, declared in groups.items())


if __name__ == "__main__":
    print(f"## Types\n\n{types()}\n## Words\n\n{words()}", end="")
