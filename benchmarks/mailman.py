"""Posts and entries a second that a Mailman list delivers, with `rule post each` and `post batch`.

    $ python benchmarks/mailman.py
    $ python benchmarks/mailman.py --entries 1000 --subscribers 50 --json

A pit with a real Mailman core on loopback; its orders stand when the clock starts. What counts is
the time by the clock from `pit distribute` until the last subscriber has the last post, with every
mail sent by SMTP to a server that takes it at once. Mailman's runners poll every tenth of a second.
`store` is `pit distribute` alone: every post stored, noted, and in Mailman's queue, on disk.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.notary import LIST, MEMBER, PIT, found, orders, pit, spooled
from pit.pits.home import Home
from pit.pits.reading import last_seal
from tests.mailman.core import PASSWORD, USER, Core
from tests.mta.sink import Sink


def measure(folder: Path, rule: str, entries: int, subscribers: int) -> dict[str, float]:
    """One pit and its list: seconds by the clock, as figures by name."""
    home = folder / "home"
    key = found(home)
    mails = orders(home, key, entries)
    pit(home, "send", "-p", PIT, "--as", "operator", f"rule post {rule}")
    pit(home, "notary", "-p", PIT)
    with Sink() as sink, Core(folder / "mailman", sink.port) as core:
        (Home(home).pit(PIT) / "mail").write_text(
            f"[mailman]\nurl = {core.url}\nuser = {USER}\npassword = {PASSWORD}\nvar = {core.var}\n"
        )
        pit(home, "list", "create", "-p", PIT)
        reading_along(core, subscribers - 2)
        pit(home, "distribute", "-p", PIT)
        settle(sink)
        spooled(home, mails)
        pit(home, "notary", "-p", PIT)
        sink.clear()
        start = time.monotonic()
        pit(home, "distribute", "-p", PIT)
        stored = time.monotonic() - start
        last = (last_seal(Home(home), PIT) or (0, ""))[0] + 1
        if not sink.until(lambda: ended(sink, last) >= subscribers, 3600):
            raise SystemExit(f"of {subscribers} copies of the last post {ended(sink, last)} came")
        seconds = time.monotonic() - start
        posts = len(sink.of(f"{MEMBER}@example.org"))
    name = f"post_{rule}"
    return {
        f"{name}_posts_per_second": posts / seconds,
        f"{name}_entries_per_second": entries / seconds,
        f"{name}_copies_per_second": posts * subscribers / seconds,
        f"{name}_store_entries_per_second": entries / stored,
    }


def reading_along(core: Core, count: int) -> None:
    """Subscribe so many more."""
    from mailmanclient import Client

    members = Client(core.url, USER, PASSWORD).get_list(LIST)
    for number in range(count):
        members.subscribe(
            f"reader{number}@example.org", pre_verified=True, pre_confirmed=True, pre_approved=True
        )


def settle(sink: Sink) -> None:
    """Wait until nothing more has come for a second."""
    count = -1
    while count != len(sink.received):
        count = len(sink.received)
        time.sleep(1)


def ended(sink: Sink, last: int) -> int:
    """How many subscribers have the post that ends with the last entry."""
    ends = re.compile(rb"^Pit-Post: \S+ (\d+-)?%d\r$" % last, re.MULTILINE)
    return sum(len(one.recipients) for one in list(sink.received) if ends.search(one.mail[:2000]))


def main() -> None:
    """Measure both rules, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--entries", type=int, default=300)
    options.add_argument("--subscribers", type=int, default=10, help="2 or more")
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    figures: dict[str, float] = {}
    for rule in ("each", "batch"):
        with tempfile.TemporaryDirectory(prefix="pit-", dir="/tmp") as folder:
            figures |= measure(Path(folder), rule, args.entries, max(2, args.subscribers))
    if args.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(name, f"{value:.1f}", name.split("_")[-3] + "/s")


if __name__ == "__main__":
    main()
