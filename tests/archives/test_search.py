"""What a search finds, with the real mairix: what a plain reading of every entry finds."""

import fcntl
import itertools
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pit.archives import mairix
from pit.archives.errors import Damaged, IOFailure, Misconfigured, NoInput
from pit.archives.mailbox import Archive
from pit.archives.query import parse
from pit.archives.search import fields, find, message, update
from tests.archives.made import (
    PIT,
    Mail,
    ends,
    mail_of,
    raw_entries,
    sealed,
    write_archive,
    write_mark,
)

TODAY = date(2026, 11, 30)
SIGNERS = ("alice", "bob", "carol-x")
PRICES = ("12.50", "12.5", "2.50", "112.50", "12.501", "50.12", "12,50")
OWNED = ("alice/1042", "alice/104", "bob/1042", "alice/1042.2", "malice/1042", "alice-1042")
WORDS = ("buy", "sell", "cancel", "ACME", "RAIN.2", "under_score", "12", "50", "1042", "Grüße")
SUBJECTS = ("order", "buy 100 ACME @ 12.50", "=?utf-8?q?Gr=C3=BC=C3=9Fe?= 1042", "(+4)")


class Plain(NamedTuple):
    """What a test knows of an entry: the texts that it was made of."""

    t: str
    f: str
    s: str
    b: str


def plain(signer: str, claimed: str, subject: str, text: str) -> tuple[Mail, Plain]:
    head = (
        f"From: {claimed} <{claimed}@example.org>\nTo: acme@pits.example\nSubject: {subject}\n"
        f"Message-ID: <{len(text)}.{claimed}@Example.org>\n"
    )
    mail = mail_of(text.encode(), head.encode(), signer=signer)
    shown = subject.replace("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße")
    key = "13EB118BFA807CD3A68C5AD8F10E309DAB89221E"
    sender = f"{signer} {key}, {claimed} <{claimed}@example.org>"
    body = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}"
    return mail, Plain("acme@pits.example", sender, shown, body)


def made(count: int, seed: int = 1) -> list[tuple[Mail, Plain]]:
    """Entries with seals between, ten days of them."""
    draw = random.Random(seed)
    found = []
    for n in range(count):
        signer = draw.choice(SIGNERS)
        said = draw.choices((*WORDS, *PRICES, *OWNED), k=draw.randint(1, 6))
        lines = "".join(f"say {word}\n" for word in said)
        claimed = draw.choice((signer, signer, "mallory"))
        one = plain(signer, claimed, draw.choice(SUBJECTS), f"pit acme\n{lines}")
        found.append((one[0]._replace(day=11 + n * 10 // count), one[1]))
    return found


MADE = made(240)
MAILS = sealed([mail for mail, _ in MADE], every=7)
RAWS = raw_entries(MAILS)
PLAIN = {
    number: known
    for number, (_, known) in zip(
        (n for n, one in enumerate(MAILS, 1) if one.signer != "notary"), MADE, strict=True
    )
}
CLOSED = [ends(MAILS)[n] for n in (8, 20)]
NUMBERS = range(1, len(MAILS) + 1)


@pytest.fixture(autouse=True)
def _unwaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fsync waits for the disk: what is in the files is looked at, not what a power cut left."""
    monkeypatch.setattr(os, "fsync", lambda _fd: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive in three segments, the first of them gzipped."""
    return write_archive(tmp_path_factory.mktemp("archive") / "a", RAWS, CLOSED, [0])


@pytest.fixture(scope="module")
def index(folder: Path) -> Path:
    """Its index; in a path that mairix's rc file could not hold."""
    place = folder.parent / "$HOME #1%;: …" / "~"
    update(folder, PIT, place)
    return place


def search(folder: Path, index: Path, *terms: str) -> list[int]:
    return find(folder, PIT, parse(terms, TODAY), index)


def naive(holds: Callable[[Plain], bool]) -> list[int]:
    """The entries for which it is so; of seals, which say none of these words, none."""
    return [number for number, known in PLAIN.items() if holds(known)]


def tokens(text: str, address: bool = False) -> set[str]:
    """The words of a text by mairix's rules (db.c): ASCII, and of addresses the whole ones, too."""
    folded = text.casefold()
    found = set(re.findall(r"[a-z0-9_]+", folded))
    return found | set(re.findall(r"[a-z0-9_@.+-]+", folded)) if address else found


def words_of(known: Plain, key: str) -> set[str]:
    """The words in the parts that the letters name ('': everywhere)."""
    parts = [part for part in "tfsb" if part in (key or "tfsb").replace("a", "tf")]
    return set().union(*(tokens(getattr(known, part), part in "tf") for part in parts))


# --- what is found ------------------------------------------------------------------------------

keys = st.sampled_from(["", "b", "s", "f", "bs", "a", "t"])
said = st.sampled_from(
    [
        *("buy", "sell", "acme", "ACME", "12", "50", "1042", "alice", "mallory", "rain", "order"),
        *("under_score", "example", "gr", "4", "none", "x"),
    ]
)


class Word(NamedTuple):
    """A word of a term; kind: '' itself, '=' within, '^=' at the beginning."""

    text: str
    kind: str
    negate: bool

    def __str__(self) -> str:
        tilde = "~" * self.negate
        return f"{tilde}{'^' * ('^' in self.kind)}{self.text}{'=' * ('=' in self.kind)}"

    def holds(self, found: set[str]) -> bool:
        text = self.text.casefold()
        if self.kind == "^=":
            return any(word.startswith(text) for word in found) != self.negate
        return any(text == word or (self.kind and text in word) for word in found) != self.negate


terms = st.tuples(
    keys,
    st.lists(
        st.lists(
            st.builds(Word, said, st.sampled_from(["", "", "=", "^="]), st.booleans()),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=3,
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(terms, min_size=1, max_size=3))
def test_words_are_found_where_mairixs_rules_have_them(
    folder: Path, index: Path, asked: list[tuple[str, list[list[Word]]]]
) -> None:
    written = []
    for key, branches in asked:
        text = "/".join(",".join(map(str, words)) for words in branches)
        # What looks like an order of a member is one; the other way round it is or.
        assume(not re.search(r"(?i)[a-z]/[0-9]", text))
        written.append(f"{key}:{text}" if key else text)

    def holds(known: Plain) -> bool:
        return all(
            any(all(word.holds(words_of(known, key)) for word in words) for words in branches)
            for key, branches in asked
        )

    found = search(folder, index, *written)
    assert [number for number in found if number in PLAIN] == naive(holds)


@pytest.mark.parametrize("text", [*PRICES[:2], *PRICES[2:6], *OWNED, "12.50 ACME", "say buy\n"])
def test_a_text_is_found_where_it_stands_and_nowhere_else(
    folder: Path, index: Path, text: str
) -> None:
    whole = re.compile(rf"(?<!\w){re.escape(text.strip())}(?!\w)", re.IGNORECASE)
    expected = naive(lambda known: bool(whole.search(known.b) or whole.search(known.s)))
    assert search(folder, index, text) == expected
    assert text == "12.50 ACME" or expected
    others = sorted(set(PLAIN) - set(naive(lambda known: bool(whole.search(known.b)))))
    assert search(folder, index, f'b:~"{text.strip()}"', "~seal") == others


def test_mairix_alone_does_not_find_these_texts(folder: Path, index: Path) -> None:
    for text in ("12.50", "b:12.50", "s:12.50", "b:alice@example.org"):
        assert list(mairix.ask(index, [text])) == []
    assert set(mairix.ask(index, ["alice/1042"])) > set(search(folder, index, "alice/1042"))


texts = st.sampled_from(["12.50", "alice/1042", '"say 12"', "RAIN.2", "Grüße", '"@"', "2.5="])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.tuples(texts, st.booleans()), min_size=1, max_size=2), min_size=1))
def test_texts_and_words_are_joined_by_and_or_and_not(
    folder: Path, index: Path, branches: list[list[tuple[str, bool]]]
) -> None:
    term = "b:" + "/".join(",".join("~" * no + text for text, no in one) for one in branches)

    def holds(known: Plain) -> bool:
        def stands(text: str) -> bool:
            pattern = re.escape(text.strip('"=').casefold())
            if not text.endswith("="):
                pattern = rf"(?<!\w){pattern}(?!\w)" if text != '"@"' else pattern
            return bool(re.search(pattern, known.b.casefold()))

        return any(all(stands(text) != no for text, no in one) for one in branches)

    found = search(folder, index, term, "buy/sell")
    assert found == [n for n in search(folder, index, "buy/sell") if holds(PLAIN[n])]


def test_who_signed_is_found_whatever_the_mail_says(folder: Path, index: Path) -> None:
    signed = naive(lambda known: known.f.startswith("alice "))
    assert signed == [n for n in NUMBERS if MAILS[n - 1].signer == "alice"]
    assert set(signed) <= set(search(folder, index, "f:alice"))
    lied = search(folder, index, "f:alice", "f:mallory")
    assert lied and set(lied) < set(signed)


def test_a_message_id_is_found(folder: Path, index: Path) -> None:
    with closing(Archive(folder, PIT)) as box:
        wanted = box[5]["Message-ID"]
        same = [number for number, one in box.items() if one["Message-ID"] == wanted]
    assert search(folder, index, f"m:{wanted.strip('<>').lower()}") == same
    assert search(folder, index, f"m:{wanted}") == same
    assert search(folder, index, "m:none@example.org") == []


# The notary's time of an entry in these archives: noon of its day, so the bounds are tried between.
days = st.integers(9, 23)


@settings(max_examples=40, deadline=None)
@given(days, days, st.booleans(), st.booleans())
def test_days_are_those_of_the_stamp_both_included(
    folder: Path, index: Path, first: int, last: int, opens: bool, closes: bool
) -> None:
    first, last = min(first, last), max(first, last)
    start, end = "" if opens else f"202611{first:02}", "" if closes else f"202611{last:02}"
    if opens and closes:
        start = "2026"
    expected = [
        n
        for n in NUMBERS
        if (opens or MAILS[n - 1].day >= first) and (closes or MAILS[n - 1].day <= last)
    ]
    assert search(folder, index, f"d:{start}-{end}") == expected
    buys = [n for n in naive(lambda known: "buy" in tokens(known.b)) if n in expected]
    assert search(folder, index, "b:buy", f"d:{start}-{end}") == buys


def test_sizes_are_those_of_the_mail_both_included(folder: Path, index: Path) -> None:
    sizes = {n: len(MAILS[n - 1].mail) for n in NUMBERS}
    for low, high in ((0, 500), (sizes[9], sizes[9]), (500, 600)):
        expected = [n for n in NUMBERS if low <= sizes[n] <= high]
        assert search(folder, index, f"z:{low}-{high}") == expected
    assert search(folder, index, "z:520-") == [n for n in NUMBERS if sizes[n] >= 520]


# --- the index ----------------------------------------------------------------------------------

QUERIES = (
    ["buy"],
    ["12.50"],
    ["alice/1042"],
    ["~buy", "d:20261113-"],
    ["f:bob", "s:order"],
    ["seal"],
    ["z:0-"],
    ["ac="],
)


def answers(folder: Path, index: Path, **more: bool) -> list[list[int]]:
    return [find(folder, PIT, parse(query, TODAY), index, **more) for query in QUERIES]


@pytest.fixture(scope="module")
def right(folder: Path, index: Path) -> list[list[int]]:
    """What each of the queries finds in the whole archive."""
    return answers(folder, index)


@pytest.mark.parametrize("packed", [(), (1,), (0, 1, 2)])
def test_gzipped_segments_give_the_same(
    packed: tuple[int, ...], tmp_path: Path, right: list[list[int]]
) -> None:
    folder = write_archive(tmp_path / "a", RAWS, CLOSED, packed)
    assert answers(folder, tmp_path / "index") == right
    write_archive(folder, RAWS, CLOSED, [0])
    assert answers(folder, tmp_path / "index") == right


@pytest.mark.parametrize(("entries", "count"), [(1, 12), (7, 60), (100, len(MAILS))])
def test_an_index_that_grew_is_the_one_that_is_made_anew(
    entries: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, index = tmp_path / "a", tmp_path / "index"
    monkeypatch.setattr(mairix, "PART_ENTRIES", entries)
    for end in [end for end in ends(MAILS) if end <= count][::3]:
        write_archive(folder, RAWS[:end])
        assert update(folder, PIT, index) == end
        parts = [path for path in index.iterdir() if path.is_dir()]
        assert len(parts) == -(-end // entries)
        assert search(folder, index, "z:0-") == list(mairix.ask(index, ["z:0-"]))
        assert search(folder, index, "z:0-") == list(range(1, end + 1))
    grown = answers(folder, index)
    assert answers(folder, index, anew=True) == grown
    monkeypatch.undo()
    assert answers(folder, tmp_path / "other") == grown


def test_a_part_ends_when_its_text_is_long_enough(
    folder: Path, tmp_path: Path, right: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mairix, "PART_BYTES", 10_000)
    assert answers(folder, tmp_path / "index") == right
    parts = sorted(path for path in (tmp_path / "index").iterdir() if path.is_dir())
    assert len(parts) > 4
    assert [path.name for path in parts if (path / "text").exists()] in ([], [parts[-1].name])


def test_nothing_past_the_last_seal_is_found(tmp_path: Path) -> None:
    folder, index = tmp_path / "a", tmp_path / "index"
    late = raw_entries([*MAILS[:20], mail_of(b"pit acme\nsay zebra\n")])
    end = max(end for end in ends(MAILS) if end <= 20)
    write_archive(folder, late)
    assert search(folder, index, "zebra") == []
    assert search(folder, index, "z:0-") == list(range(1, end + 1))
    assert b"zebra" not in b"".join(
        path.read_bytes() for path in index.rglob("*") if path.is_file()
    )
    write_archive(folder, raw_entries(sealed([*MAILS[:20], mail_of(b"pit acme\nsay zebra\n")], 99)))
    assert search(folder, index, "zebra") == [21]


def test_nothing_past_the_mark_is_found(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "a", RAWS)
    write_mark(folder, RAWS, 16)
    assert search(folder, tmp_path / "index", "z:0-") == list(range(1, 17))


def test_another_history_is_indexed_anew(tmp_path: Path) -> None:
    folder, index = tmp_path / "a", tmp_path / "index"
    other = sealed([mail for mail, _ in made(60, seed=2)], every=7)
    for mails in (MAILS[:104], MAILS[:56], other, other[:40], MAILS):
        end = max(end for end in ends(mails) if end <= len(mails))
        write_archive(folder, raw_entries(mails))
        fresh = answers(folder, tmp_path / "fresh", anew=True)
        assert answers(folder, index) == fresh
        assert fresh[-2] == list(range(1, end + 1))


def test_what_a_killed_search_left_does_no_harm(tmp_path: Path, right: list[list[int]]) -> None:
    folder, index = tmp_path / "a", tmp_path / "index"
    half = ends(MAILS)[15]
    write_archive(folder, RAWS[:half])
    update(folder, PIT, index)
    part = index / "0000000001"
    for name in ("text", "starts", "next"):
        with (part / name).open("ab") as file:
            file.write(b"From x Thu Jan  1 00:00:00 1970\nSubject: buy 12.50\n\nhalf")
    (part / "db.lock").write_text("1,elsewhere,somebody\n")
    (part / "next.lock").write_text("1,elsewhere,somebody\n")
    (index / f"{half + 1:010}").mkdir()
    write_archive(folder, RAWS, CLOSED)
    assert answers(folder, index) == right


CHANGES = ("open", "os.", "shutil.", "subprocess.Popen")  # audit events before something changes


def is_killed(folder: Path, index: Path, number: int) -> bool:
    """Whether an update is killed before change `number` (from 0) of its index."""
    child = os.fork()
    if not child:
        counter = itertools.count()

        def step(event: str, args: tuple[object, ...]) -> None:
            if event.startswith(CHANGES) and str(index) in f"{args}" and next(counter) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(step)
        try:
            update(folder, PIT, index)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_an_update_that_is_killed_at_any_step_is_made_up_for(
    tmp_path: Path, right: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mairix, "PART_ENTRIES", 100)
    folder, start = tmp_path / "a", tmp_path / "start"
    write_archive(folder, RAWS[: ends(MAILS)[9]])
    update(folder, PIT, start)
    write_archive(folder, RAWS)
    kills = 0
    for number in itertools.count():
        index = tmp_path / f"index{number}"
        shutil.copytree(start, index)
        killed = is_killed(folder, index, number)
        assert update(folder, PIT, index) == len(RAWS)
        if not killed or number % 10 == 0:
            assert answers(folder, index) == right
        if not killed:
            break
        kills += 1
        shutil.rmtree(index)
    assert kills > 50


def test_a_mairix_that_outlives_its_search_is_waited_for(
    folder: Path, tmp_path: Path, right: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("mairix")
    slow = tmp_path / "bin" / "mairix"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\ntouch {tmp_path}/started\nsleep 1\nexec {real} "$@"\n')
    slow.chmod(0o755)
    child = os.fork()
    if not child:
        os.environ["PATH"] = f"{slow.parent}:{os.environ['PATH']}"
        update(folder, PIT, tmp_path / "index")
        os._exit(1)
    while not (tmp_path / "started").exists():
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with (tmp_path / "index/lock").open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert answers(folder, tmp_path / "index") == right


BREAKS: dict[str, Callable[[Path], object]] = {
    "the database is something else": lambda i: (i / "0000000001/db").write_bytes(b"x" * 5000),
    "the database is torn": lambda i: cut(i / "0000000001/db"),
    "the database is empty": lambda i: (i / "0000000001/db").write_bytes(b""),
    "the database is gone": lambda i: (i / "0000000001/db").unlink(),
    "a part is gone": lambda i: shutil.rmtree(i / "0000000101"),
    "the starts are gone": lambda i: (i / "0000000101/starts").unlink(),
    "a bit of the database is another": lambda i: flip(i / "0000000001/db"),
    "a bit of the starts is another": lambda i: flip(i / "0000000001/starts"),
    "the sums are gone": lambda i: (i / "0000000001/sums").unlink(),
    "the starts are others": lambda i: (i / "0000000001/starts").write_bytes(b"\1" * 800),
    "the text is torn": lambda i: cut(i / "0000000201/text"),
    "the state is torn": lambda i: cut(i / "state"),
    "the state is another pit's": lambda i: swap(i / "state", b" acme ", b" acne "),
    "an rc file is gone": lambda i: (i / "db.rc").unlink(),
    "all is gone": lambda i: shutil.rmtree(i),
}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def swap(path: Path, old: bytes, new: bytes) -> None:
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


@pytest.mark.parametrize("harm", BREAKS)
def test_a_broken_index_is_made_anew(
    harm: str,
    folder: Path,
    tmp_path: Path,
    right: list[list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mairix, "PART_ENTRIES", 100)
    update(folder, PIT, tmp_path / "index")
    assert (tmp_path / "index/0000000201/text").exists()
    BREAKS[harm](tmp_path / "index")
    assert answers(folder, tmp_path / "index") == right


def asking(folder: Path, index: Path, count: int) -> list[list[list[int]]]:
    """The answers of so many processes that start together."""
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        return pool.starmap(answers, [(folder, index)] * count)


def test_searches_at_once_wait_for_each_other(
    folder: Path, tmp_path: Path, right: list[list[int]]
) -> None:
    assert asking(folder, tmp_path / "index", 4) == [right] * 4


def test_an_archive_of_more_than_mairixs_65536_mails_is_searched(tmp_path: Path) -> None:
    one = mail_of(b"pit acme\nsay hay\n", b"Subject: x\n")
    needle = mail_of(b"pit acme\nsay needle\n", b"Subject: x\n")
    mails = [one] * 66_000
    for at in (0, 49_999, 50_000, 65_999):
        mails[at] = needle
    # More than an hour of seconds: the times need not rise here, nobody asks for days.
    raws = raw_entries_fast(sealed(mails, 10**6))
    folder = write_archive(tmp_path / "a", raws)
    assert search(folder, tmp_path / "index", "needle") == [1, 50_000, 50_001, 66_000]
    assert {path.name for path in (tmp_path / "index").iterdir() if path.is_dir()} == {
        "0000000001",
        "0000050001",
    }


def raw_entries_fast(mails: list[Mail]) -> list[bytes]:
    """The same with one and the same second in every stamp."""
    from pit.archives.entry import NO_STAMP, write_entry
    from tests.archives.mails import stamp

    raws, prev = [], NO_STAMP
    for number, mail in enumerate(mails, 1):
        made = stamp(1, mail.text, mail.mail, prev, mail.signer)._replace(number=number)
        raws.append(write_entry(made, mail.mail))
        prev = made.digest()
    return raws


# --- hostile mail -------------------------------------------------------------------------------

HOSTILE = [
    b"Content-Type: multipart/mixed; boundary=x\n",
    b"Content-Type: multipart/mixed\n",
    b"Content-Type: text/html\n",
    b"Content-Type: application/octet-stream\n",
    b"Content-Type: message/rfc822\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: quoted-printable\n",
    b"Content-Transfer-Encoding: x-uuencode\n",
    b"Content-Transfer-Encoding: none such\n",
    b"Subject: =?utf-8?q?=?= =?x?b?\n",
    b"no header at all\n",
    b"X-Nul: \x00\n",
    b"\x01\x01\x01\x01\n",
]


def hostile() -> list[Mail]:
    """Mails that each hide something from mairix, and one that ends what the first one opened."""
    mails = []
    for number, head in enumerate(HOSTILE):
        text = f"pit acme\nsay evil{number}\n".encode()
        mails.append(mail_of(text, b"From: mallory@example.org\n" + head + b"Subject: trap\n"))
        mails.append(mail_of(f"pit acme\nsay good{number}\n".encode()))
    nul = mail_of(b"pit acme\nsay after\n")
    mails.append(nul._replace(mail=nul.mail.replace(b"-----BEGIN", b"\0\n\n-----BEGIN", 1)))
    mails.append(mail_of(b"pit acme\nsay last\n", after=b"--x--\n"))
    return sealed(mails, 100)


def test_no_mail_hides_itself_or_others(tmp_path: Path) -> None:
    mails = hostile()
    folder = write_archive(tmp_path / "a", raw_entries(mails))
    index = tmp_path / "index"
    for number, one in enumerate(mails[:-1], 1):
        word = one.text.split()[3].decode()
        assert search(folder, index, f"b:{word}") == [number]
        assert search(folder, index, f"b:say {word}") == [number]
    assert search(folder, index, "z:0-") == list(range(1, len(mails) + 1))
    assert list(mairix.ask(index, ["z:0-"])) == list(range(1, len(mails) + 1))


def test_mairix_over_the_archive_itself_is_misled_by_such_mail(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "a", raw_entries(hostile()))
    (folder / "rc").write_text("base=.\nmbox=0000000001.mbox\nmformat=raw\ndatabase=./db\n")
    for words in ([], ["good0"], ["evil5"], ["after"]):
        command = ["mairix", "-f", "rc", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert done.returncode == (1 if words else 0)


# What could break a header, a body or an mbox apart.
pieces = st.sampled_from(
    [
        *HOSTILE,
        *(
            b"From ",
            b"\nFrom x Thu Jan  1 00:00:00 1970\n",
            b"\n",
            b"\n\n",
            b"--x--\n",
            b"\0",
            b"\r",
        ),
        *(b"=?utf-8?b?////?=", b"=?utf-16?q?=FF?=", b"\xff", b"Subject:", b" ", b"<", b"word "),
        *(
            b"-----BEGIN PGP SIGNATURE-----\n",
            b"-----END PGP SIGNATURE-----\n",
            b"Cc: " + b"y" * 3000,
        ),
    ]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(pieces, max_size=8), min_size=5, max_size=5), st.binary(max_size=40))
def test_each_entry_is_one_mail_to_mairix_whatever_it_holds(
    tmp_path_factory: pytest.TempPathFactory, heads: list[list[bytes]], tail: bytes
) -> None:
    mails = []
    for number, parts in enumerate(heads):
        head = b"X: y\n" + b"".join(parts).replace(b"\n\n", b"\n")
        mail = mail_of(f"pit acme\nsay word{number}\n".encode(), head.rstrip(b"\n") + b"\n", tail)
        mails.append(mail)
    place = tmp_path_factory.mktemp("any")
    folder = write_archive(place / "a", raw_entries(sealed(mails, 100)))
    assert search(folder, place / "index", "z:0-") == list(range(1, 7))
    assert list(mairix.ask(place / "index", ["z:0-"])) == list(range(1, 7))
    for number in range(5):
        assert search(folder, place / "index", f"b:word{number}") == [number + 1]


def test_an_encoded_text_is_found_by_its_words(tmp_path: Path) -> None:
    from base64 import encodebytes

    from tests.archives.mails import mime

    text = b"pit acme\nsay zebra at 12.50\n"
    kind = b"Content-Type: text/plain; charset=utf-8\n"
    part = kind + b"Content-Transfer-Encoding: base64\n\n" + encodebytes(text)
    folder = write_archive(
        tmp_path / "a", raw_entries(sealed([Mail(text, mime(part)), *MAILS[:3]], 100))
    )
    for term in ("zebra", "b:12.50,zebra", '"say zebra at 12.50"'):
        assert search(folder, tmp_path / "index", term) == [1]


def test_the_armor_is_not_searched_and_text_in_a_false_armor_is(tmp_path: Path) -> None:
    false = b"- -----BEGIN PGP SIGNATURE-----\nhidden\n- -----END PGP SIGNATURE-----\n"
    text = b"pit acme\nsay x\n" + false.replace(b"- -", b"-")
    mails = sealed([mail_of(text), *MAILS[:3]], 100)
    folder = write_archive(tmp_path / "a", raw_entries(mails))
    assert search(folder, tmp_path / "index", "hidden") == [1]
    assert search(folder, tmp_path / "index", "iHUEARYIAB0WIQQT6xGL") == []


def test_what_is_searched_has_no_line_that_begins_a_mail() -> None:
    with_from = mail_of(b"pit acme\nsay x\n", after=b"\nFrom x Thu Jan  1 00:00:00 1970\n\n")
    from pit.archives.mbox import entries

    for entry in entries(raw_entries([with_from, *MAILS[:50]])):
        made = message(entry)
        assert b"\nFrom " not in made and not made.startswith(b"From ")
        assert entry.text.casefold() in fields(entry).body


# --- what goes wrong ----------------------------------------------------------------------------


def test_without_mairix_the_error_names_the_package(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="apt-get install mairix"):
        search(folder, tmp_path / "index", "buy")


def test_what_mairix_says_is_in_the_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "mairix"
    script.write_text("#!/bin/sh\necho 'out of paper' >&2\nexit 2\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(IOFailure, match="out of paper"):
        search(folder, tmp_path / "index", "buy")


def test_mairixs_own_variables_are_not_heard(
    folder: Path, tmp_path: Path, right: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIRIX_DATABASE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("MAIRIX_MBOXEN", "/etc/*")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert answers(folder, tmp_path / "index") == right
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "term", ["-d", "--help", "-ozz/tmp/zzz", "$HOME", "`id`", "a\nb", "x;y", "*"]
)
def test_no_term_is_an_option_or_a_path(term: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "a")
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    assert search(tmp_path / "a", tmp_path / "index", term) == []
    after = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    new = [path for path in set(after) - set(before) if path.suffix != ".offsets"]  # an index too
    assert {path.parts[0] for path in new} == {"index"}


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    raws = [*RAWS]
    raws[4] = raws[4].replace(b"\nsay ", b"\nsaid ", 1)
    folder = write_archive(tmp_path / "a", raws)
    with pytest.raises(Damaged, match="entry 5: its text is not the one"):
        search(folder, tmp_path / "index", "buy")
    write_archive(tmp_path / "a", [*RAWS[:9], *RAWS[10:]])
    with pytest.raises(Damaged, match="entry 11 stands where 10 should"):
        search(folder, tmp_path / "index", "buy")


def test_where_there_is_no_archive_there_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(NoInput):
        search(tmp_path, tmp_path / "index", "buy")
    assert not (tmp_path / "index").exists()
    folder = write_archive(tmp_path / "a", [b""])
    (folder / "mark").write_text(f"mark acme 0 0000000001.mbox 0 {'0' * 64}\n")
    assert search(folder, tmp_path / "index", "z:0-") == []
