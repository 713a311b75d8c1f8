"""A pit from outside: what people do in it, and what comes of it."""

import re
import subprocess
import time
from datetime import UTC, datetime, timedelta

from tests.e2e.world import NAME, World, join


def traded(world: World) -> tuple[str, str]:
    """Bob sells 60 at 9.40, alice buys 100 at 9.50 with a name; their references."""
    world.say("bob", "sell 60 ACME @ 9.40")
    world.say("alice", "buy 100 ACME @ 9.50", "  ref: retirement-7")
    world.settled()
    return world.number_of("bob", "^sell"), world.number_of("alice", "^buy")


def test_orders_become_fills_and_fills_become_holdings(acme: World) -> None:
    sell, buy = traded(acme)
    assert acme.said("^fill") == [f"fill 60 ACME @ 9.40 alice/{buy} bob/{sell}; taker: buyer"]
    found = acme.holdings()
    assert found["alice EUR"] == ("436.00", "380.00")  # 1000 - 60 x 9.40; 40 x 9.50 held
    assert found["alice ACME"] == ("60", "0")
    assert found["bob EUR"] == ("1564.00", "0.00")
    assert found["bob ACME"] == ("40", "0")
    assert [(row["side"], row["quantity"]) for row in acme.show("book")] == [("bid", "40")]
    assert [row["price"] for row in acme.show("tape", "ACME")] == ["9.40"]
    assert acme.show("tape", "BETA") == []
    assert "-564.00" in acme("statement", "-p", NAME, "alice")


def test_every_mail_gets_one_receipt_that_checks(acme: World) -> None:
    traded(acme)
    acme.say("alice", f"cancel {acme.number_of('alice', '^buy')}")
    acme.turn()
    answers = acme.inbox("alice")
    receipts = [answer for answer in answers if answer["answer"] == "receipt"]
    assert [receipt["problem"] for receipt in receipts] == ["", ""]
    assert acme.inbox("alice") == []


def test_a_grep_over_the_archive_finds_everything_about_an_order(acme: World) -> None:
    sell, buy = traded(acme)
    acme.say("alice", f"cancel {buy}")
    acme.say("carol", "buy 1 BETA @ 1.00")
    acme.settled()
    found = acme.bash(
        rf"grep -E '/{buy}\b|^(cancel|replace) {buy}\b|^From {buy}@' {acme.segment}"
    ).splitlines()
    assert [re.sub(r" \w{3} \w{3} .*", "", line) for line in found] == [
        f"From {buy}@acme.pit",
        f"accept alice/{buy}",
        f"fill 60 ACME @ 9.40 alice/{buy} bob/{sell}",
        f"cancel {buy}",
        f"leaves alice/{buy} 0 cancelled {acme.number_of('alice', '^cancel')}",
    ]
    trades = acme.bash(f"grep '^fill .* alice/' {acme.segment}").splitlines()
    assert trades == [f"fill 60 ACME @ 9.40 alice/{buy} bob/{sell}"]
    orders = acme.bash(r"pit lines -p acme | grep -P '\talice\t(buy|sell) '").splitlines()
    assert [line.split("\t")[0] for line in orders] == [buy]


def test_a_line_that_begins_with_a_verb_is_a_directive_and_nothing_else_is(acme: World) -> None:
    acme.say("alice", 'say "fill 1 ACME @ 1.00 alice/1 bob/2"', "# buy 5 ACME @ 1.00")
    talk = b'say "hello"\n--\n buy 9 ACME @ 9.00\n'
    acme("send", "-p", NAME, "--as", "bob", "-", stdin=talk)
    traded(acme)
    verbs = sorted({line.said.split(" ")[0] for line in acme.lines()} | {"buy", "fill", "say"})
    told = acme.bash(f"grep -hE '^({'|'.join(verbs)})( |$)' {acme.segment}").splitlines()
    assert len(told) == len(acme.lines())
    first = [line.said.partition("; ")[0] for line in acme.lines()]
    assert [t.rstrip() for t in told] == first


def test_gpg_verifies_the_mail_that_cat_hands_out(acme: World) -> None:
    _, buy = traded(acme)
    gpg = f"gpg --homedir {acme.folder}/wallets/alice/gnupg --verify"
    acme.bash(f"pit cat {buy} --mail | {gpg}")
    assert "Good signature" in acme.err
    acme.bash(f"pit cat {buy} --mail | sed 's/^buy 100/buy 900/' | {gpg}", status=1)
    assert "BAD signature" in acme.err
    kept = (acme.folder / "wallets/alice/sent").iterdir()
    assert acme.run("cat", "-p", NAME, buy, "--mail") in [path.read_bytes() for path in kept]


def test_a_transfer_is_delivered_when_its_accept_stands(acme: World) -> None:
    acme.say("bob", "transfer 30 ACME to alice", "transfer 250.50 EUR to carol")
    acme("notary", "-p", NAME)
    assert acme.holdings()["bob ACME"] == ("100", "30")
    acme.settled()
    found = acme.holdings()
    assert found["bob ACME"] == ("70", "0")
    assert found["alice ACME"] == ("30", "0")
    assert found["bob EUR"] == ("749.50", "0.00")
    assert found["carol EUR"] == ("1250.50", "0.00")


def test_a_transfer_of_more_than_one_has_is_refused_with_the_arithmetic(acme: World) -> None:
    acme.say("alice", "buy 10 ACME @ 20.00", "transfer 900.00 EUR to bob")
    acme.settled()
    order = acme.number_of("alice", "^buy")
    (refused,) = acme.said("^refuse ")
    why = "available 800.00 = balance 1000.00 - held 200.00"
    assert refused == (
        f'refuse alice/{order}.2 "transfer 900.00 EUR needs 900.00 EUR; {why} by {order}"'
    )
    assert acme.holdings()["bob EUR"] == ("1000.00", "0.00")


def test_a_withdrawal_is_held_until_its_payout_and_then_gone(acme: World) -> None:
    acme.say("alice", "withdraw 400.00 EUR")
    acme.settled()
    number = acme.number_of("alice", "^withdraw")
    assert acme.holdings()["alice EUR"] == ("1000.00", "400.00")
    acme.say("operator", f"payout {number}")
    acme.settled()
    assert acme.holdings()["alice EUR"] == ("600.00", "0.00")
    acme.say("operator", f"payout {number}")
    acme.say("alice", f"cancel {number}")
    acme.settled()
    assert acme.holdings()["alice EUR"] == ("600.00", "0.00")
    assert len(acme.said(f"^refuse operator/.*entry {number} is no withdrawal")) == 1


def test_a_withdrawal_can_be_cancelled_until_its_payout(acme: World) -> None:
    acme.say("alice", "withdraw 400.00 EUR")
    acme.turn()
    number = acme.number_of("alice", "^withdraw")
    acme.say("bob", f"cancel {number}")  # not his
    acme.turn()
    assert acme.holdings()["alice EUR"] == ("1000.00", "400.00")
    acme.say("alice", f"cancel {number}")
    acme.settled()
    assert acme.holdings()["alice EUR"] == ("1000.00", "0.00")
    acme.say("operator", f"payout {number}")
    acme.settled()
    assert acme.holdings()["alice EUR"] == ("1000.00", "0.00")


def test_an_order_expires_by_the_clock_and_a_seal_is_made_as_soon_as_it_passed(acme: World) -> None:
    until = datetime.now(UTC) + timedelta(seconds=5)
    limit = f"{until:%Y-%m-%dT%H:%M:%S}Z"
    acme.say("alice", "buy 10 ACME @ 9.00", f"  until: {limit}")
    acme.say("bob", "sell 10 BETA @ 9.00", "  until: 2099-01-01")
    acme.turn()
    number = acme.number_of("alice", "^buy")
    before = len(acme.entries())
    assert acme.holdings()["alice EUR"] == ("1000.00", "90.00")
    while datetime.now(UTC) < until:
        time.sleep(0.1)
    acme("notary", "-p", NAME)
    assert len(acme.entries()) == before + 1
    assert acme.entries()[-1].signer == "notary"
    acme.settled()
    assert acme.said("^leaves") == [f"leaves alice/{number} 0 expired"]
    assert acme.holdings()["alice EUR"] == ("1000.00", "0.00")
    assert [row["orders"][0].split("/")[0] for row in acme.show("book")] == ["bob"]


def test_an_order_whose_time_is_over_never_trades(acme: World) -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    acme.say("alice", "buy 10 ACME @ 9.00", f"  until: {until:%Y-%m-%dT%H:%M:%S.%f}Z")
    acme.turn()
    while datetime.now(UTC) < until:
        time.sleep(0.1)
    acme.say("bob", "sell 10 ACME @ 9.00")
    acme.say("carol", "buy 1 ACME @ 1.00", "  until: 2001-01-01")
    acme.settled()
    assert acme.said("^fill") == []
    assert len(acme.said("^leaves alice/.* expired")) == 1
    assert len(acme.said("^refuse carol/.* is not after")) == 1


def test_a_suspended_member_loses_his_orders_and_his_word_until_he_is_restored(acme: World) -> None:
    _, buy = traded(acme)
    acme.say("alice", "sell 5 BETA @ 3.00")  # she has none: refused
    acme.say("operator", "suspend alice")
    acme.settled()
    suspension = acme.number_of("operator", "^suspend")
    assert acme.said("^leaves") == [f"leaves alice/{buy} 0 cancelled {suspension}"]
    assert acme.show("book") == []
    assert acme.holdings()["alice EUR"] == ("436.00", "0.00")
    acme.inbox("alice")
    acme.say("alice", "buy 1 ACME @ 1.00")
    acme.settled()
    (answer,) = acme.inbox("alice")
    assert (answer["answer"], answer["code"]) == ("refusal", "right")
    assert "alice is suspended" in answer["text"]
    acme.say("operator", "restore alice")
    acme.turn()
    acme.say("alice", "buy 2 ACME @ 1.00")
    acme.settled()
    assert [row["quantity"] for row in acme.show("book")] == ["2"]


def test_an_expelled_member_loses_his_orders_for_good(acme: World) -> None:
    _, buy = traded(acme)
    acme.say("operator", "expel alice")
    acme.settled()
    assert [x for x in acme.said("^leaves") if x.startswith(f"leaves alice/{buy} 0 cancelled")]
    acme.say("alice", "buy 1 ACME @ 1.00")
    acme("send", "-p", NAME, "--as", "operator", "--unchecked", "restore alice")
    acme.say("bob", "transfer 1.00 EUR to alice")
    acme.settled()
    assert {answer["code"] for answer in acme.inbox("alice") if "code" in answer} == {"right"}
    assert {a["code"] for a in acme.inbox("operator") if "code" in a} == {"words"}
    assert len(acme.said("^refuse bob/.*alice is not a member")) == 1


def test_a_ticker_goes_to_another_specialist_who_publishes_what_the_old_one_left(
    acme: World,
) -> None:
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme.say("alice", "buy 60 ACME @ 9.40")
    acme("notary", "-p", NAME)
    acme("run", "-p", NAME, "positions")
    acme("notary", "-p", NAME)
    acme.say("operator", "specialist ACME sue")  # sam owes the fill and is gone
    acme.settled()
    (fill,) = [line for line in acme.lines() if line.said.startswith("fill ")]
    assert fill.signer == "sue"
    assert acme.holdings()["alice ACME"] == ("60", "0")
    acme.say("alice", "sell 1 ACME @ 9.00")
    acme.say("bob", "buy 1 ACME @ 9.00")
    acme.settled()
    fills = [line.signer for line in acme.lines() if line.said.startswith("fill ")]
    assert fills == ["sue", "sue"]


def test_what_nobody_here_can_sign_waits_for_who_can(acme: World) -> None:
    wallet = acme.folder / "wallets/sam"
    away = acme.folder / "sam"
    wallet.rename(away)
    traded_before = acme.said("^fill")
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme.say("alice", "buy 60 ACME @ 9.40")
    acme.say("bob", "sell 10 BETA @ 2.00")
    acme.say("alice", "buy 10 BETA @ 2.00")
    acme.settled()
    assert traded_before == [] and len(acme.said("^fill 10 BETA")) == 1
    assert acme.said("^fill 60 ACME") == []
    report = acme("audit", "-p", NAME)
    assert re.search(r"owed: fill 60 ACME .* by sam, since 20", report)
    away.rename(wallet)
    acme.settled()
    assert len(acme.said("^fill 60 ACME")) == 1


def test_members_go_from_one_keeper_to_two_shards(acme: World) -> None:
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme("notary", "-p", NAME)  # its answer is still owed when the keepers change
    acme.say("operator", "keeper 1/2 kate", "keeper 2/2 kurt")
    acme("notary", "-p", NAME)
    for who, order in (("alice", "buy 10"), ("carol", "sell 20"), ("alice", "buy 30")):
        acme.say(who, f"{order} ACME @ 9.40")
    acme("notary", "-p", NAME)
    acme("run", "-p", NAME, "positions", "--shard", "1/2")
    acme("run", "-p", NAME, "positions", "--shard", "2/2")
    acme("notary", "-p", NAME)
    for shard in ("1/2", "2/2"):
        acme("run", "-p", NAME, "positions", "--shard", shard)
        assert acme.err == ""
    acme("run", "-p", NAME, "match")
    acme.settled()
    answers = [line for line in acme.lines() if re.match("(accept|refuse) ", line.said)]
    by = {line.said.split(" ")[1].partition("/")[0]: line.signer for line in answers[-4:]}
    assert set(by.values()) == {"kate", "kurt"}
    assert by["bob"] in ("kate", "kurt") and len(answers[-4:]) == 4
    assert [fill.split(" alice")[0] for fill in acme.said("^fill")] == [
        "fill 10 ACME @ 9.40",
        "fill 30 ACME @ 9.40",
    ]
    assert acme.holdings()["alice ACME"] == ("40", "0")
    names = {path.name for path in acme.home.checkpoints(NAME).iterdir()}
    assert {"positions.1-of-2.mbox", "positions.2-of-2.mbox"} <= names


def test_a_shard_through_the_pipe_is_the_shard_that_run_keeps(acme: World) -> None:
    acme.say("operator", "keeper 1/2 kate", "keeper 2/2 kurt")
    acme.say("alice", "buy 10 ACME @ 9.40")
    acme.say("bob", "sell 20 ACME @ 9.40")
    acme.say("carol", "sell 20 ACME @ 9.40")
    acme("notary", "-p", NAME)
    other = acme.copy()
    try:
        for shard in ("1/2", "2/2"):
            acme("run", "-p", NAME, "positions", "--shard", shard)
            pipe = f"pit positions --shard {shard} | pit publish -p acme positions"
            other.bash(f"pit read -p acme --for positions --shard {shard} | {pipe}")
        for world in (acme, other):
            world("notary", "-p", NAME)
        texts = [[entry.text for entry in world.entries()][-3:-1] for world in (acme, other)]
        assert sorted(texts[0]) == sorted(texts[1])
        assert sum(text.count("\naccept ") for text in texts[0]) == 3
    finally:
        other.remove()


def test_a_preview_shows_what_would_happen_next_and_publishes_nothing(acme: World) -> None:
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme.say("alice", "buy 100 ACME @ 9.50")
    acme("notary", "-p", NAME)
    sell, buy = acme.number_of("bob", "^sell"), acme.number_of("alice", "^buy")
    before = acme.segment.read_bytes()
    preview = acme.bash("pit read --for positions,match | pit positions | pit match")
    assert re.findall("(?m)^Pit-Draft: .*", preview) == [
        "Pit-Draft: positions kate 2",
        "Pit-Draft: match sam 1",
    ]
    assert f"\nfill 60 ACME @ 9.40 alice/{buy} bob/{sell}\n" in preview
    said = acme.bash("pit read | pit positions | pit match | pit lines - | grep -P '^-\\t'")
    assert [line.split("\t")[3] for line in said.splitlines() if "\tsam\t" in line] == [
        "report match 1",
        f"fill 60 ACME @ 9.40 alice/{buy} bob/{sell}; taker: buyer",
    ]
    assert (acme.segment.read_bytes(), acme.spool()) == (before, [])
    acme.settled()
    assert acme.said("^fill") == [f"fill 60 ACME @ 9.40 alice/{buy} bob/{sell}; taker: buyer"]


def test_the_pipe_does_what_run_does(acme: World) -> None:
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme.say("alice", "buy 100 ACME @ 9.50")
    acme("notary", "-p", NAME)
    acme("run", "-p", NAME, "positions")
    acme("notary", "-p", NAME)
    other = acme.copy()
    try:
        acme("run", "-p", NAME, "match")
        other.bash("pit read --for match | pit match | pit publish match")
        for world in (acme, other):
            world("notary", "-p", NAME)
            world.settled()
        ours, theirs = ([entry.text for entry in world.entries()] for world in (acme, other))
        number = next(i for i, text in enumerate(ours) if "\nreport match 1\n" in text)
        assert ours[: number + 1] == theirs[: number + 1]
    finally:
        other.remove()


def test_publish_refuses_what_would_build_on_what_is_not_published(acme: World) -> None:
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme.say("alice", "buy 60 ACME @ 9.50")
    acme("notary", "-p", NAME)
    pipe = "pit read --for positions,match | pit positions | pit match | pit publish"
    acme.bash(f"{pipe} match", status=65)
    assert "publish positions first" in acme.err
    assert acme.spool() == []
    acme.bash(f"{pipe} positions")
    assert len(acme.spool()) == 1
    acme.settled()
    assert len(acme.said("^fill 60")) == 1


def test_running_a_filter_twice_before_the_notary_is_one_report(acme: World) -> None:
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme("notary", "-p", NAME)
    for _ in range(3):
        acme("run", "-p", NAME, "positions")
    mails = {path.read_bytes() for path in acme.spool()}
    assert len(mails) == 1  # the same bytes, sent again
    acme.settled()
    assert max(acme.reports().values()) == 1
    assert len(acme.said("^accept bob/")) == 1


def test_a_second_turn_says_and_does_nothing(acme: World) -> None:
    traded(acme)
    before = {p: p.read_bytes() for p in acme.archive.iterdir() if p.name != "lock"}
    assert (acme.turn(), acme.err) == ("", "")
    assert {p: p.read_bytes() for p in acme.archive.iterdir() if p.name != "lock"} == before


def test_the_order_signed_twice_on_purpose_counts_twice_and_the_mail_sent_twice_once(
    acme: World,
) -> None:
    first = acme.say("alice", "buy 1 ACME @ 9.00")
    second = acme.say("alice", "buy 1 ACME @ 9.00")
    assert first != second
    for _ in range(3):
        acme("send", "-p", NAME, "--as", "alice", "--again", first.name)
    acme.settled()
    assert len(acme.said("^buy 1 ACME")) == 2
    assert acme.holdings()["alice EUR"] == ("1000.00", "18.00")
    answers = acme.inbox("alice")
    entries = {answer["entry"] for answer in answers if answer["answer"] == "receipt"}
    assert len(entries) == 2


def test_a_member_admitted_later_trades_from_then_on(acme: World) -> None:
    acme("key", "make", "zoe", "zoe@example.org")
    acme.say("zoe", "buy 1 ACME @ 1.00")  # nobody knows her yet
    acme.turn()
    assert [mail.partition(b"\n")[0] for mail in acme.quarantine()] == [b"Pit-Refused: key"]
    key = acme.run("key", "show", "--as", "zoe")
    acme("admit", "-p", NAME, "zoe", "zoe@example.org", "-", stdin=key)
    acme.say("operator", "deposit zoe 10.00 EUR")
    acme.say("zoe", "buy 2 ACME @ 1.00")
    acme.settled()
    assert acme.holdings()["zoe EUR"] == ("10.00", "2.00")


def test_two_notaries_at_once_stamp_each_mail_once(acme: World) -> None:
    for price in range(1, 7):
        acme.say("alice", f"buy 1 ACME @ {price}.00")
    running = [
        subprocess.Popen(
            ["pit", "notary", "-p", NAME],
            env=acme.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    statuses = [(one.communicate(), one.returncode)[1] for one in running]
    assert set(statuses) <= {0, 75} and 0 in statuses
    acme.settled()
    assert len(acme.said("^buy 1 ACME")) == 6


def test_a_whole_day_in_one_turn_is_the_same_as_turn_by_turn(stands: World) -> None:
    orders = [
        ("bob", "sell 30 ACME @ 9.40"),
        ("alice", "buy 50 ACME @ 9.50"),
        ("carol", "sell 40 ACME @ 9.45"),
        ("carol", "buy 5 BETA @ 3.00"),
        ("bob", "sell 9 BETA @ 2.90"),
        ("alice", "buy 900 ACME @ 9.00"),
    ]
    found = []
    for each in (True, False):
        world = stands.copy()
        try:
            for who, order in orders:
                world.say(who, order)
                if each:
                    world.turn()
            world.settled()
            fills = [re.sub(r"/\d+", "", fill) for fill in world.said("^fill")]
            found.append((sorted(fills), world.holdings()))
        finally:
            world.remove()
    assert found[0] == found[1]
    assert len(found[0][0]) == 3


def test_a_pit_can_be_opened_beside_another_and_each_is_named(acme: World) -> None:
    acme("new", "club")
    acme("turn", status=64)
    assert "acme, club" in acme.err
    join(acme, "zoe")
    acme("turn", "-p", "club")
    acme("turn", PIT="acme")
    assert acme("show", "members", PIT="acme").count("zoe") > acme(
        "show", "members", "-p", "club"
    ).count("zoe")
    mail = acme.mail("alice", "buy 1 ACME @ 1.00")
    acme("deliver", "-p", "club", stdin=mail)
    acme("turn", "-p", "club")
    assert acme.said("^buy") == []
    assert len(list(acme.home.quarantine("club").glob("new/*"))) == 1
