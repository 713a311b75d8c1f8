"""`pit lmtp`: what was answered with 250 is on disk, byte for byte; RFC 2033 to the letter."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.moderator.limits import LIMIT
from pit.moderator.mail import fields_of, normal
from pit.pits import spool
from pit.pits.home import Home, Settings, save_settings
from tests.conftest import Shell
from tests.mta.servers import HOST, Client, Server, stuffed

ACME, BETA = "acme@pits.example", "beta@pits.example"
MAIL = b"From: a@example.org\r\n\r\nbody\r\n"


def pits(folder: Path) -> Home:
    home = Home(folder)
    save_settings(home, Settings("acme", "", ACME, "A" * 40))
    save_settings(home, Settings("beta", "", BETA, "B" * 40))
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with two pits."""
    return pits(tmp_path / "home")


def held(home: Home, pit: str = "acme") -> list[bytes]:
    return [spool.take(path) for path in spool.waiting(home.spool(pit))]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Server]]:
    """A server for tests that only look at the mail that they sent last."""
    home = pits(tmp_path_factory.mktemp("lmtp") / "home")
    with Server(home.root) as server:
        yield home, server


# --- the protocol -----------------------------------------------------------------------------


def test_it_greets_and_says_what_it_can(shared: tuple[Home, Server]) -> None:
    with Client(shared[1].port) as client:
        assert client.greeting.startswith("220 ")
        (said,) = client.say("LHLO client.example")
        words = [line[4:].split()[0] for line in said.splitlines()[1:]]
        assert words == ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SIZE"]
        assert f"SIZE {LIMIT}" in said


def test_every_reply_but_the_greeting_has_an_enhanced_code(shared: tuple[Home, Server]) -> None:
    wrong = [
        *("HELO x", "EHLO x", "LHLO", "MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>", "DATA"),
        *("NOSUCH", "AUTH PLAIN", "STARTTLS", "EXPN x", "VRFY", "VRFY x@y.example", "HELP", "NOOP"),
        *("", "BDAT 5 LAST", "ETRN x", "RSET x", "QUIT x"),
    ]
    with Client(shared[1].port) as client:
        for said in wrong[:4]:
            (answer,) = client.say(said)
            assert re.match(r"5\d\d 5\.5\.\d ", answer), (said, answer)
        client.say("LHLO client.example")
    for said in wrong[4:]:
        with Client(shared[1].port) as client:
            client.say("LHLO client.example")
            (answer,) = client.say(said)
            assert re.match(r"([245])\d\d \1\.\d\.\d", answer), (said, answer)
    with Client(shared[1].port) as client:
        begin = [*client.say("LHLO x", "RSET", "MAIL FROM:<>", f"RCPT TO:<{ACME}>")]
        assert [answer[4:8] for answer in begin[1:]] == ["2.0.", "2.0.", "2.1."]
        assert client.say("QUIT")[0].startswith("221 2.0.0")
        assert client.reply() == ""


def test_data_without_a_recipient_is_503_and_helo_is_500(shared: tuple[Home, Server]) -> None:
    with Client(shared[1].port) as client:
        assert client.say("EHLO x")[0].startswith("500")
        assert client.say("LHLO x", "DATA")[1].startswith("503 5.5.1")
        replies = client.begin("nobody@pits.example")
        assert [reply[:9] for reply in replies] == ["550 5.1.1", "503 5.5.1"]


def test_two_recipients_get_two_replies_and_both_pits_the_mail(home: Home) -> None:
    with Server(home.root) as server, Client(server.port) as client:
        answers = client.send(MAIL, [ACME, BETA])
        assert [answer[:9] for answer in answers] == ["250 2.0.0", "250 2.0.0"]
        assert "acme" in answers[0] and "beta" in answers[1]
        assert client.say("NOOP")[0].startswith("250")  # in step
        assert held(home, "acme") == held(home, "beta") == [MAIL]


def test_the_same_recipient_twice_is_answered_twice_and_stored_once(home: Home) -> None:
    with Server(home.root) as server, Client(server.port) as client:
        answers = client.send(MAIL, [ACME, "nobody@pits.example", BETA, ACME.upper()])
        assert [answer[:3] for answer in answers] == ["250", "250", "250"]
        assert answers[0] == answers[2] != answers[1]
        assert client.say("NOOP")[0].startswith("250")
        assert held(home) == [MAIL]


def test_each_recipient_is_answered_for_himself_where_one_spool_fails(home: Home) -> None:
    with Server(home.root) as server, Client(server.port) as client:
        home.spool("beta").write_text("no folder")
        answers = client.send(MAIL, [BETA, ACME, BETA])
        assert [answer[:9] for answer in answers] == ["451 4.3.0", "250 2.0.0", "451 4.3.0"]
        home.spool("beta").unlink()
        assert [a[:3] for a in client.send(MAIL, [BETA])] == ["250"]
        assert server.end() == 0 and "spool" in server.errors()
    assert held(home, "acme") == held(home, "beta") == [MAIL]


@pytest.mark.parametrize(
    "address",
    [
        *("acme-request@pits.example", "acme-bounces@pits.example", "acme-owner@pits.example"),
        *("acme+x@pits.example", "acme", "acme@other.example", "acme@pits.example.org"),
        *("postmaster", "../acme@pits.example", "acme@[127.0.0.1]", "beta@pits.example@x.example"),
    ],
)
def test_only_posting_addresses_are_ours(shared: tuple[Home, Server], address: str) -> None:
    with Client(shared[1].port) as client:
        assert client.begin(address)[0][:4] in ("550 ", "553 ")


def test_a_pit_that_is_named_is_the_only_one_served(home: Home) -> None:
    with Server(home.root, "-p", "beta") as server, Client(server.port) as client:
        assert [r[:3] for r in client.begin(ACME, BETA)] == ["550", "250", "354"]


def test_pits_come_and_go_while_it_runs(home: Home) -> None:
    with Server(home.root) as server, Client(server.port) as client:
        assert client.begin("new@pits.example")[0].startswith("550")
        save_settings(home, Settings("new", "", "new@pits.example", "C" * 40))
        assert client.begin("new@pits.example")[0].startswith("250")
        client.write(MAIL + b".\r\n")
        assert client.reply().startswith("250")
        (home.pit("new") / "settings").unlink()
        assert client.begin("new@pits.example")[0].startswith("550")
    assert held(home, "new") == [MAIL]


def test_a_member_of_a_pit_elsewhere_takes_no_mail_for_it(home: Home) -> None:
    save_settings(home, Settings("far", "", "far@pits.example", "C" * 40, "sendmail"))
    shell = Shell(home.root)
    assert "far" not in shell("lmtp", "--check")
    alone = Shell(home.root / "member")
    for name in ("far", "away"):
        save_settings(alone.home, Settings(name, "", "far@pits.example", "C" * 40, "sendmail"))
        for verb in ("lmtp", "mta"):
            alone(verb, status=66 if name == "far" else 64)
    shell("lmtp", "--check", "-p", "far", status=66)
    shell("deliver", "-p", "far", stdin=MAIL, status=67)
    assert "elsewhere" in shell.err


def test_a_named_pit_that_is_gone_is_no_reason_to_send_mail_back(home: Home) -> None:
    with Server(home.root, "-p", "acme") as server, Client(server.port) as client:
        (home.pit("acme") / "settings").unlink()
        assert client.begin(ACME)[0].startswith("451")


def test_nobody_is_told_that_an_address_is_none_while_settings_cannot_be_read(home: Home) -> None:
    with Server(home.root) as server:
        with Client(server.port) as client:
            (home.pit("beta") / "settings").write_text("damaged")
            asked = client.begin("x@y.example", BETA, ACME)
            assert [reply[:3] for reply in asked] == ["451", "451", "250", "354"]
        server.end()
        assert "settings" in server.errors()


def test_commands_may_come_all_at_once_and_the_next_mail_with_the_last(home: Home) -> None:
    one = f"MAIL FROM:<a@b.example>\r\nRCPT TO:<{ACME}>\r\nRCPT TO:<{BETA}>\r\nDATA\r\n".encode()
    with Server(home.root) as server, Client(server.port) as client:
        client.write(b"LHLO x\r\n" + (one + MAIL + b".\r\n") * 3 + b"QUIT\r\n")
        codes = [client.reply()[:3] for _ in range(1 + 3 * 6 + 1)]
        assert codes == ["250", *["250", "250", "250", "354", "250", "250"] * 3, "221"]
    assert held(home) == [MAIL] * 3


def test_smtputf8_is_not_offered_and_not_taken(shared: tuple[Home, Server]) -> None:
    with Client(shared[1].port) as client:
        client.say("LHLO x")
        assert client.say("MAIL FROM:<a@b.example> SMTPUTF8")[0].startswith("5")
        client.write("MAIL FROM:<ä@b.example>\r\n".encode())
        assert client.reply().startswith("5")
        assert client.say("MAIL FROM:<a@b.example> BODY=8BITMIME SIZE=100")[0].startswith("250")


# --- the bytes --------------------------------------------------------------------------------


def last(home: Home) -> bytes:
    """The newest mail of the spool, which is emptied."""
    found = spool.waiting(home.spool("acme"))
    mail = spool.take(found[-1])
    spool.done_all(found)
    return mail


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"x", b"\0", b"\xff", b"From ", b"..", b" "])
        | st.binary(max_size=5),
        max_size=25,
    )
)
def test_what_comes_is_stored_byte_for_byte(
    shared: tuple[Home, Server], pieces: list[bytes]
) -> None:
    home, server = shared
    mail = b"".join([*pieces, b"\r\n"])
    with Client(server.port) as client:
        (answer,) = client.send(mail, [ACME])
        assert answer.startswith("250 2.0.0")
        assert client.say("NOOP")[0].startswith("250")
    assert last(home) == mail


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\r\n",
        b"..\r\n.\r\n...\r\n",
        b"x" * 200_000 + b"\r\n",
        b"." * 200_000 + b"\r\n",
        b"x" * 65535 + b"\r\n" + b"." * 65536 + b"\r\n" + b"y" * 65537 + b"\r\n.\r\n",
        b"\r" * 131_073 + b"\r\n",
        bytes(range(256)) * 300 + b"\r\n",
        b"caf\xc3\xa9 \xe9 \r\n" * 3,
    ],
    ids=lambda mail: f"{mail[:4]!r}-{len(mail)}",
)
def test_long_lines_dots_and_eight_bits_come_as_they_are(
    shared: tuple[Home, Server], mail: bytes
) -> None:
    with Client(shared[1].port) as client:
        assert client.send(mail, [ACME])[0].startswith("250")
    assert last(shared[0]) == mail


SMUGGLED = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<acme@pits.example>\r\nDATA\r\nFrom: evil\r\n"


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r\n\0.\r\n",
     b"\r\n.\0\r\n", b"\r\n .\r\n", b"\r\n. \r\n", b"\r\n..\r\n"],
)  # fmt: skip
def test_nothing_else_ends_a_mail(shared: tuple[Home, Server], end: bytes) -> None:
    home, server = shared
    sent = b"From: a@example.org\r\n\r\nx" + end + SMUGGLED
    with Client(server.port) as client:
        assert client.begin(ACME)[-1].startswith("354")
        client.write(sent + b"\r\n.\r\n")
        assert client.reply().startswith("250 2.0.0")
        assert client.say("NOOP")[0].startswith("250")
    assert len(spool.waiting(home.spool("acme"))) == 1
    stored = last(home)
    assert stored.endswith(SMUGGLED + b"\r\n")
    assert stuffed(stored).replace(b"\r\n..", b"\r\n.") == stored  # nothing was taken but dots
    assert len(sent) + 2 - len(stored) in (0, 1)


def test_the_pieces_may_come_byte_by_byte(shared: tuple[Home, Server]) -> None:
    mail = b"From: a@example.org\r\n\r\n.\r\n..\n.\r\n\r.\r\n"
    with Client(shared[1].port) as client:
        client.begin(ACME)
        for byte in stuffed(mail) + b".\r\n":
            client.write(bytes([byte]))
        assert client.reply().startswith("250")
    assert last(shared[0]) == mail


def test_a_null_sender_is_marked_for_the_rule_loop_and_no_other_is(
    shared: tuple[Home, Server],
) -> None:
    home, server = shared
    with Client(server.port) as client:
        client.send(MAIL, [ACME], sender="")
        marked = last(home)
        assert marked == b"Return-Path: <>\r\n" + MAIL
        assert fields_of(normal(marked)).found[0] == ("return-path", "<>")
        client.send(MAIL, [ACME])
        assert last(home) == MAIL


# --- limits -----------------------------------------------------------------------------------


def test_a_mail_of_the_limit_is_stored_and_one_byte_more_is_refused_for_each(home: Home) -> None:
    line = b"x" * 998 + b"\r\n"
    mail = line * (LIMIT // 1000) + b"x" * (LIMIT % 1000 - 2) + b"\r\n"
    assert len(mail) == LIMIT
    with Server(home.root) as server, Client(server.port) as client:
        assert [a[:9] for a in client.send(mail, [ACME])] == ["250 2.0.0"]
        answers = client.send(b"x" + mail, [ACME, BETA])
        assert [a[:9] for a in answers] == ["552 5.3.4", "552 5.3.4"]
        assert client.say(f"MAIL FROM:<a@b.example> SIZE={LIMIT + 1}")[0].startswith("552 5.3.4")
        assert [a[:3] for a in client.send(MAIL, [ACME, BETA])] == ["250", "250"]
    assert held(home) == [mail, MAIL]
    assert held(home, "beta") == [MAIL]


def test_a_full_disk_is_answered_4xx_and_the_mail_comes_later(home: Home) -> None:
    limited = ("bash", "-c", 'ulimit -f 2; exec "$@"', "bash")
    big = b"x" * 998 + b"\r\n" + b"y" * 3000 + b"\r\n"
    with Server(home.root, prefix=limited) as server, Client(server.port) as client:
        answers = client.send(big, [ACME, BETA])  # a file of more than 2 KiB cannot be written
        assert [answer[:2] for answer in answers] == ["45", "45"]
        assert [a[:3] for a in client.send(MAIL, [ACME])] == ["250"]
        server.end()
    assert held(home) == [MAIL]
    assert list(home.spool("beta").glob("*/*")) == []
    with Server(home.root) as server, Client(server.port) as client:
        client.send(big, [ACME, BETA])
    assert (held(home), held(home, "beta")) == ([MAIL, big], [big])


BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Runs root's programs with the rights that the permission bits give him."""


def test_a_spool_that_may_not_be_written_is_answered_4xx(home: Home) -> None:
    with (
        Server(home.root, prefix=() if os.geteuid() else BOUND) as server,
        Client(server.port) as client,
    ):
        client.send(MAIL, [ACME])
        place = home.spool("acme") / "tmp"
        place.chmod(0o500)
        assert client.send(MAIL, [ACME])[0].startswith("451 4.3.0")
        place.chmod(0o700)
        assert client.send(MAIL, [ACME])[0].startswith("250")
    assert held(home) == [MAIL, MAIL]


def test_there_are_at_most_so_many_recipients_and_connections(home: Home) -> None:
    with Server(home.root) as server:
        with Client(server.port) as client:
            replies = client.begin(*[ACME] * 1001)
            assert [r[:9] for r in replies[-3:]] == ["250 2.1.5", "452 4.5.3", "354 End d"]
            client.write(MAIL + b".\r\n")
            assert [client.reply()[:3] for _ in range(1000)] == ["250"] * 1000
        assert held(home) == [MAIL]
        clients = [Client(server.port) for _ in range(64)]
        with Client(server.port) as one_more:
            assert one_more.greeting.startswith("421 4.3.2") and one_more.reply() == ""
        assert clients[0].send(MAIL, [ACME])[0].startswith("250")
        for client in clients:
            client.close()


def test_rubbish_ends_nothing_but_its_own_connection(home: Home) -> None:
    chance = random.Random(4)
    commands = [
        b"LHLO x",
        b"MAIL FROM:<",
        b"MAIL FROM:<a@b>",
        b'RCPT TO:<"',
        b"DATA",
        b".",
        b"RSET",
    ]
    with Server(home.root) as server:
        with Client(server.port) as good:
            good.begin(ACME)
            for _ in range(60):
                with Client(server.port) as client:
                    for _ in range(chance.randrange(12)):
                        client.write(
                            chance.choice([*commands, chance.randbytes(40), b"x" * 70_000])
                            + chance.choice([b"\r\n", b"\n", b"\r", b""])
                        )
            good.write(MAIL + b".\r\n")
            assert good.reply().startswith("250")
        assert server.end() == 0
        assert "bug" not in server.errors() and "\x1b" not in server.errors()
    assert held(home) == [MAIL]


# --- many at once, and ends --------------------------------------------------------------------


def senders(port: int, count: int, each: int, accepted: list[bytes]) -> list[threading.Thread]:
    """Threads that send mails, each its own, until the server is gone; `accepted`: got a 250."""

    def run(who: int) -> None:
        try:
            with Client(port) as client:
                for number in range(each):
                    mail = b"From: %d@example.org\r\n\r\n%d\r\n" % (who, number)
                    if client.send(mail, [ACME])[0].startswith("250"):
                        accepted.append(mail)
        except (OSError, AssertionError, IndexError):
            pass  # the server went away

    threads = [threading.Thread(target=run, args=(who,)) for who in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_many_connections_are_served_at_once(home: Home) -> None:
    accepted: list[bytes] = []
    with Server(home.root) as server:
        for thread in senders(server.port, 40, 10, accepted):
            thread.join()
    assert len(accepted) == 400
    assert sorted(held(home)) == sorted(accepted)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_accepted_is_in_the_spool_whenever_it_is_ended(home: Home, number: int) -> None:
    chance = random.Random(number)
    accepted: list[bytes] = []
    for round in range(6):
        with Server(home.root) as server:
            before = len(accepted)
            threads = senders(server.port, 4, 1000, accepted)
            goal = before + chance.randrange(5, 60)
            while len(accepted) < goal:
                threads[0].join(0.01)
            if number == signal.SIGKILL:
                server.kill()
            else:
                assert server.end() == 0
            for thread in threads:
                thread.join()
        assert len(accepted) >= goal, round
    stored = held(home)
    assert set(accepted) <= set(stored)
    if number == signal.SIGTERM:  # a transaction that has begun is finished: nobody asks in vain
        assert sorted(stored) == sorted(accepted)
    assert all(mail.startswith(b"From: ") and mail.endswith(b"\r\n") for mail in stored)


def test_term_lets_a_transaction_end_and_turns_away_the_idle(home: Home) -> None:
    with Server(home.root) as server:
        with Client(server.port) as busy, Client(server.port) as idle:
            busy.begin(ACME)
            busy.write(b"From: a@example.org\r\n")
            idle.say("LHLO x")
            server.process.send_signal(signal.SIGTERM)
            assert idle.reply().startswith("421 4.3.2") and idle.reply() == ""
            with pytest.raises(OSError):
                Client(server.port)
            assert server.process.poll() is None
            busy.write(b"\r\nbody\r\n.\r\n")
            assert busy.reply().startswith("250 2.0.0")
            assert busy.reply().startswith("421 4.3.2") and busy.reply() == ""
        assert server.process.wait() == 0
    assert held(home) == [MAIL]


def test_the_answer_comes_after_the_syncs(home: Home, tmp_path: Path) -> None:
    calls = "fsync,fdatasync,syncfs,rename,renameat,renameat2,sendto,write"
    trace = (
        "strace",
        "-D",
        "-f",
        "-s",
        "40",
        "-o",
        str(tmp_path / "trace"),
        "-e",
        f"trace={calls}",
    )
    with Server(home.root, prefix=trace) as server, Client(server.port) as client:
        assert client.send(MAIL, [ACME])[0].startswith("250")
    steps = re.findall(
        r"(?m)^\d+ +(fsync|syncfs|rename)\w*\(|(354|250 2\.0\.0 acme)",
        (tmp_path / "trace").read_text(),
    )
    done = [call or answer for call, answer in steps]
    assert done[done.index("354") :] == ["354", *done[done.index("354") + 1 :]]
    after = done[done.index("354") + 1 :]
    assert after[after.index("rename") - 1 :] == ["fsync", "rename", "fsync", "250 2.0.0 acme"]


def test_a_mail_that_was_cut_off_is_not_stored(home: Home) -> None:
    with Server(home.root) as server:
        with Client(server.port) as client:
            client.begin(ACME)
            client.write(MAIL + b"\r\n.")
        with Client(server.port) as client:
            client.send(MAIL, [ACME])
    assert held(home) == [MAIL]


def test_an_interrupt_ends_it_with_130(home: Home) -> None:
    with Server(home.root) as server:
        assert server.end(signal.SIGINT) == 130


# --- where it listens --------------------------------------------------------------------------


def test_a_unix_socket_is_for_its_owner_and_group_and_goes_with_the_server(home: Home) -> None:
    path = home.root / "s"
    for _ in range(2):
        with Server(home.root, "--socket", str(path)) as server, Client(str(path)) as client:
            assert path.stat().st_mode & 0o777 == 0o660
            assert client.send(MAIL, [ACME])[0].startswith("250")
            Shell(home.root)("lmtp", "--socket", str(path), status=75)  # it stays the first one's
            assert client.say("NOOP")[0].startswith("250")
            server.kill()
        assert path.exists()  # left behind: the next one takes its place
    with Server(home.root, "--socket", str(path)):
        pass
    assert not path.exists()


def test_an_address_that_others_reach_is_refused_unless_it_is_meant(home: Home) -> None:
    shell = Shell(home.root)
    for place in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
        shell("lmtp", "--listen", place, status=64)
        assert "--public" in shell.err
    for place in ("127.0.0.1", "here:24", "127.0.0.1:99999", ":24", "127.0.0.1:x", "1:2:3"):
        shell("lmtp", "--listen", place, status=64)
    shell("lmtp", "--public", "--listen", "192.0.2.1:0", status=64)  # not of this machine
    with Server(home.root, "--public", "--listen", "0.0.0.0:0") as server:
        with Client(server.port) as client:
            assert client.greeting.startswith("220")
        shell("lmtp", "--listen", f"{HOST}:{server.port}", status=75)
        assert "another program listens" in shell.err


def test_it_says_whom_it_serves(home: Home) -> None:
    shell = Shell(home.root)
    assert shell("lmtp", "--check") == f"address            pit\n{ACME}  acme\n{BETA}  beta\n"
    assert shell("lmtp", "--check", "-p", "beta", "-p", "beta").endswith(f"pit\n{BETA}  beta\n")
    shell("lmtp", "--check", "-p", "nosuch", status=66)
    save_settings(home, Settings("beta", "", ACME, "B" * 40))
    shell("lmtp", status=78)
    assert "acme and of beta" in shell.err
    Shell(home.root / "none")("lmtp", status=64)


def test_the_server_is_loaded_only_where_it_runs() -> None:
    modules = ", ".join(f"pit.moderator.{name}" for name in ("deliver", "lmtp", "mta"))
    code = f"import sys, {modules}; print('aiosmtpd' in sys.modules, 'asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"False False\n"
