"""Every verb's `--help` has an example, and every example runs."""

import re
import shutil
from pathlib import Path

import pytest

from pit.pits.command import verbs
from pit.pits.gnupg import KeyHome
from pit.pits.home import load_settings
from pit.pits.identity import Identity
from pit.wallet import request
from tests.conftest import Shell, bash, end_agent

TOY = """\
From 1@toy.pit Fri Nov 20 11:45:00 2026
Pit-Entry: toy 1
Pit-Time: 2026-11-20T11:45:00.000001Z
Pit-Signer: alice

pit toy
buy 100 ACME @ 12.50

From 2@toy.pit Fri Nov 20 11:45:01 2026
Pit-Entry: toy 2
Pit-Time: 2026-11-20T11:45:01.000000Z
Pit-Signer: bob

pit toy
sell 60 ACME @ 12.40

"""


MARKETS = """\
market RAIN "Rain in May, mm"
  min: 0
  max: 100
  currency: EUR
  tick: 0.05
  specialist: sam
  expiry: 2099-06-01
  resolution:
    The station of the waterworks.
  panel: carol
  void: mid
"""
for number, (low, high) in enumerate(
    [("30", "80"), ("50", "60"), ("49.95", "50"), ("29.95", "30"), ("79.95", "80")], 2
):
    MARKETS += f'market RAIN.{number} "{low} to {high}"\n'
    MARKETS += f"  within: RAIN\n  min: {low}\n  max: {high}\n"


@pytest.fixture(scope="module")
def floor(shown: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's pit, an order that no keeper has answered, the files that examples name."""
    folder = tmp_path_factory.mktemp("floor")
    shutil.copytree(shown[0] / "demo", folder / "home", ignore=shutil.ignore_patterns("S.*"))
    pit = Shell(folder / "home")
    pit("buy", "--as", "alice", "1", "ACME", "12.00")
    (folder / "markets.txt").write_text(MARKETS)
    pit("send", "--as", "operator", "-f", str(folder / "markets.txt"))
    pit("notary")
    (folder / "orders.mbox").write_text(TOY)
    (folder / "talk.txt").write_text('say "Good morning"\n')
    shutil.copy(next((folder / "home/wallets/alice/sent").iterdir()), folder / "order.eml")
    pit("distribute")
    shutil.copy(min((folder / "home/pits/acme/posts/new").iterdir()), folder / "post.eml")
    with KeyHome(folder / ".gnupg") as keys:
        emil = Identity("emil", keys.make_key("Emil", "emil@example.org"), "", "emil@example.org")
        settings = load_settings(pit.home, "acme")
        (folder / "request.eml").write_bytes(request.make(keys, emil, settings, "op@example.org"))
        (folder / "fingerprint").write_text(emil.fingerprint)
    return folder


def meant(folder: Path) -> dict[str, str]:
    """What the words in capitals stand for."""
    settings = (folder / "home/pits/acme/settings").read_text()
    found = re.search(r"(?m)^id = ([0-9a-f]{64})$", settings)
    assert found is not None
    return {
        "FINGERPRINT": (folder / "fingerprint").read_text(),
        "MAIL": min(path.name for path in (folder / "home/wallets/alice/sent").iterdir()),
        "FOLDER": str(folder / "home/archives/acme"),
        "ID": found[1],
    }


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_the_examples_in_a_verbs_help_run(verb: str, floor: Path, tmp_path: Path) -> None:
    shutil.copytree(floor, tmp_path / "here", ignore=shutil.ignore_patterns("S.*"))
    here = tmp_path / "here"
    examples = re.findall(r"(?m)^ *\$ (.*)$", bash(f"pit {verb} --help", here))
    assert any(re.search(rf"\bpit {verb}\b", example) for example in examples)
    words = meant(here)
    for example in examples:
        command = re.sub(rf"\b({'|'.join(words)})\b", lambda found: words[found[1]], example)
        home = {"HOME": str(here), "PIT_HOME": str(here / "home"), "PIT": "acme"}
        bash(command, here, **home, GNUPGHOME=str(here / "home/wallets/operator/gnupg"))
    end_agent(here / ".gnupg")
