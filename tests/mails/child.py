"""A notary under limits: `child.py HOME SECONDS BYTES`, with a mail a line on stdin, as paths.

Each mail goes into the spool and is decided, one after the other. Prints as JSON for each: its
outcome, the milliseconds of CPU that it took, and the most MiB that the process held meanwhile.
"""

import json
import re
import resource
import sys
import time
from pathlib import Path

from pit.moderator.notary import Notary
from pit.pits import spool
from pit.pits.home import Home
from tests.moderator.world import NAME, outcome


def main(home: Home, seconds: int, memory: int) -> None:
    """Decide on the mails."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    found = []
    for line in sys.stdin:
        path = Path(line.strip())
        spool.put(home.spool(NAME), path.read_bytes())
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
        before = time.process_time()
        with Notary(home, NAME) as notary:
            (decision,) = notary.run().decisions
        spent = round((time.process_time() - before) * 1000)
        status = Path("/proc/self/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) >> 10
        found.append((outcome(decision), spent, peak))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]))
