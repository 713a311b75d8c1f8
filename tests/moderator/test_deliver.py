"""`pit deliver`: what ends with 0 is on disk; what is not on disk stays with the mail server."""

import resource
import subprocess
import sys
from pathlib import Path

from pit.moderator.limits import LIMIT
from pit.pits import spool
from pit.pits.home import Home, Settings, save_settings

MAIL = b"From: a@example.org\n\nbody\n"


def a_pit(folder: Path) -> Home:
    home = Home(folder)
    save_settings(home, Settings("acme", "", "acme@pits.example", "A" * 40))
    return home


def deliver(
    home: Home, mail: bytes, *args: str, file_size: int = 0, memory: int = 0
) -> tuple[int, str]:
    """The exit status of `pit deliver` and what it says; file_size: the most bytes of a file."""

    def limited() -> None:
        if file_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
        if memory:
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

    code = (
        "import sys\nfrom pit.archives.errors import PitError\nfrom pit.moderator import deliver\n"
        "try:\n    sys.exit(deliver.main(sys.argv[1:]))\n"
        "except PitError as error:\n    print(error, file=sys.stderr)\n    sys.exit(error.status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        input=mail,
        capture_output=True,
        check=False,
        preexec_fn=limited,
        env={"PIT_HOME": str(home.root), "PYTHONPATH": ":".join(sys.path)},
    )
    return done.returncode, done.stderr.decode()


def waiting(home: Home) -> list[bytes]:
    return [spool.take(path) for path in spool.waiting(home.spool("acme"))]


def test_a_mail_is_stored_byte_for_byte(tmp_path: Path) -> None:
    home = a_pit(tmp_path)
    mails = [MAIL, MAIL.replace(b"\n", b"\r\n"), b"\xff\x00\r", b"x" * (2 << 20), b""]
    for mail in mails:
        assert deliver(home, mail) == (0, "")
    assert waiting(home) == mails


def test_the_mail_servers_from_line_is_left_out_and_no_other(tmp_path: Path) -> None:
    home = a_pit(tmp_path)
    line = b"From a@example.org Fri Nov 20 12:50:19 2026\n"
    deliver(home, line + MAIL, "-p", "acme")
    deliver(home, line + line + MAIL, "-p", "acme")
    deliver(home, MAIL + line, "-p", "acme")
    assert waiting(home) == [MAIL, line + MAIL, MAIL + line]


def test_no_such_pit_is_no_such_user(tmp_path: Path) -> None:
    status, said = deliver(a_pit(tmp_path), MAIL, "-p", "other")
    assert (status, "no such pit" in said) == (67, True)


def test_what_cannot_be_stored_is_to_be_tried_again(tmp_path: Path) -> None:
    home = a_pit(tmp_path)
    assert deliver(home, MAIL * 1000, file_size=1000)[0] == 75
    assert waiting(home) == []
    assert deliver(home, MAIL, "-p", "../acme")[0] == 75
    assert deliver(home, MAIL, "--wrong")[0] == 75
    home.pit("acme").joinpath("settings").write_text("damaged")
    assert deliver(home, MAIL)[0] == 75


def test_a_spool_that_is_no_folder_is_to_be_tried_again(tmp_path: Path) -> None:
    home = a_pit(tmp_path)
    home.spool("acme").write_text("")
    status, said = deliver(home, MAIL)
    assert status == 75
    assert "spool" in said


def test_a_mail_that_is_too_long_goes_back(tmp_path: Path) -> None:
    home = a_pit(tmp_path)
    status, said = deliver(home, b"x" * (LIMIT + 1001))
    assert (status, str(LIMIT) in said) == (65, True)
    assert waiting(home) == []
    assert deliver(home, b"x" * LIMIT) == (0, "")
    assert len(waiting(home)[0]) == LIMIT


def test_no_trouble_of_the_program_sends_a_mail_back(tmp_path: Path) -> None:
    status, said = deliver(a_pit(tmp_path), b"x" * LIMIT, memory=12 << 20)
    assert status == 75 and "MemoryError" in said
