"""One fuzzer: `target.py mail|splitter|language HOME [libFuzzer's options]` (needs atheris).

HOME holds the pit. Only PitErrors may come out of what it calls; anything else, and whatever takes
too long, ends it, and libFuzzer says so.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pit"], exclude=["pit.pits.display"]):
    from pit.pits.home import Home
    from tests.fuzz.bench import Bench, check_language, check_splitter


def main() -> None:
    """Fuzz until the runs that libFuzzer was told of are done; this ends the process."""
    what, home, *options = sys.argv[1:]
    checks = {"splitter": check_splitter, "language": check_language}
    if what == "mail":
        checks["mail"] = Bench(Home(Path(home))).check_mail
    check = checks[what]
    atheris.Setup([sys.argv[0], *options], lambda data: check(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
