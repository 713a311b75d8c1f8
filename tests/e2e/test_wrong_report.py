"""A wrong report, signed with the right key, stands: who stops, who says so, what goes on."""

import json

from tests.e2e.world import NAME, World


def crossed(world: World) -> tuple[str, str]:
    """Bob sells 60 at 9.40, alice buys 100 at 9.50, both accepted; the fill is still owed."""
    world.say("bob", "sell 60 ACME @ 9.40")
    world.say("alice", "buy 100 ACME @ 9.50")
    world("notary", "-p", NAME)
    world("run", "-p", NAME, "positions")
    world("notary", "-p", NAME)
    return world.number_of("bob", "^sell"), world.number_of("alice", "^buy")


def by_hand(world: World, who: str, filter: str, *directives: str) -> str:
    """A report that no program made; its entry."""
    said = f"report {filter} "
    number = sum(line.signer == who and line.said.startswith(said) for line in world.lines()) + 1
    world.say(who, f"{said}{number}", *directives)
    world("notary", "-p", NAME)
    return world.number_of(who, f"^{said}{number}$")


def stopped(world: World, filter: str, entry: str) -> str:
    """`run`, `turn` and the audit all stop and name the entry; what `run` says."""
    before = world.segment.read_bytes()
    world("run", "-p", NAME, filter, status=65)
    said = " ".join(world.err.split())
    assert f"entry {entry}" in said and f"adopt {entry.partition('.')[0]}" in said
    world.bash(f"pit read -p acme | pit {filter} | grep -v ^Pit-Draft >/dev/null", status=65)
    assert world.spool() == []
    world.turn(status=65)
    assert f"pit turn: {filter}: entry {entry}" in world.err
    report = world("audit", "-p", NAME, status=65)
    assert f"\nverdict     entry {entry}: " in report
    assert json.loads(world("audit", "-p", NAME, "--json", status=65))["wrong"] in report
    assert world.segment.read_bytes() == before
    return said


def adopted(world: World, entry: str) -> str:
    """The operator adopts; all goes on, and the audit lists what was adopted."""
    whole = entry.partition(".")[0]
    world.say("operator", f"adopt {whole}")
    world.settled()
    report = world("audit", "-p", NAME)
    by = world.number_of("operator", f"^adopt {whole}$")
    assert f"; adopted by {by}\n" in report and f"divergent: {entry}" in report
    assert "divergent 1, owed 0" in report
    assert report.endswith("verdict     the archive is what it says it is\n")
    return report


def test_a_fill_at_a_wrong_price_stops_match_until_it_is_adopted(acme: World) -> None:
    sell, buy = crossed(acme)
    entry = by_hand(acme, "sam", "match", f"fill 60 ACME @ 9.45 alice/{buy} bob/{sell}")
    said = stopped(acme, "match", f"{entry}.2")
    assert f"stands: fill 60 ACME @ 9.45 alice/{buy} bob/{sell}" in said
    assert f"owed: fill 60 ACME @ 9.40 alice/{buy} bob/{sell}" in said
    report = adopted(acme, f"{entry}.2")
    assert f"fill 60 ACME @ 9.45 alice/{buy} bob/{sell}; owed was fill 60 ACME @ 9.40" in report
    found = acme.holdings()
    assert found["alice EUR"] == ("433.00", "380.00")  # what stands counts: 60 x 9.45
    assert found["bob EUR"] == ("1567.00", "0.00")
    assert [row["quantity"] for row in acme.show("book")] == ["40"]
    acme.say("carol", "sell 40 ACME @ 9.00")
    acme.settled()
    assert len(acme.said(f"^fill 40 ACME @ 9.50 alice/{buy} carol/")) == 1


def test_a_fill_of_a_part_is_adopted_and_the_rest_is_filled(acme: World) -> None:
    sell, buy = crossed(acme)
    entry = by_hand(acme, "sam", "match", f"fill 10 ACME @ 9.50 alice/{buy} bob/{sell}")
    stopped(acme, "match", f"{entry}.2")
    adopted(acme, f"{entry}.2")
    assert acme.holdings()["alice ACME"] == ("60", "0")
    assert acme.holdings()["bob ACME"] == ("40", "0")


def test_a_leaves_that_is_not_owed_is_adopted_and_the_order_is_gone(acme: World) -> None:
    sell, buy = crossed(acme)
    entry = by_hand(acme, "sam", "match", f"leaves bob/{sell} 0 cancelled")
    stopped(acme, "match", f"{entry}.2")
    adopted(acme, f"{entry}.2")
    found = acme.holdings()
    assert (found["bob ACME"], found["alice EUR"]) == (("100", "0"), ("1000.00", "950.00"))
    assert [row["orders"] for row in acme.show("book")] == [[f"alice/{buy}"]]


def test_a_wrong_fill_of_one_ticker_leaves_the_other_its_trades_after_the_adoption(
    acme: World,
) -> None:
    acme.say("carol", "sell 5 BETA @ 3.00")
    sell, buy = crossed(acme)
    entry = by_hand(acme, "sam", "match", f"fill 60 ACME @ 9.45 alice/{buy} bob/{sell}")
    acme.say("alice", "buy 5 BETA @ 3.00")
    acme("notary", "-p", NAME)
    acme("run", "-p", NAME, "positions")
    acme("notary", "-p", NAME)
    stopped(acme, "match", f"{entry}.2")
    adopted(acme, f"{entry}.2")
    assert len(acme.said("^fill 5 BETA @ 3.00")) == 1


def test_an_accept_that_is_not_covered_stops_positions_until_it_is_adopted(acme: World) -> None:
    acme.say("alice", "buy 500 ACME @ 9.50")
    acme("notary", "-p", NAME)
    poor = acme.number_of("alice", "^buy")
    entry = by_hand(acme, "kate", "positions", f"accept alice/{poor}")
    said = stopped_positions(acme, f"{entry}.2")
    assert f"stands: accept alice/{poor}" in said
    assert f'owed: refuse alice/{poor} "buy 500 @ 9.50 needs 4750.00 EUR; available' in said
    adopted(acme, f"{entry}.2")
    assert acme.holdings()["alice EUR"] == ("1000.00", "4750.00")  # overdrawn, for all to see
    acme.say("alice", "buy 1 ACME @ 1.00")
    acme.settled()
    assert len(acme.said("^refuse alice/.*-3750.00 = balance 1000.00 - held 4750.00 by")) == 1
    acme.say("alice", f"cancel {poor}")
    acme.settled()
    assert acme.holdings()["alice EUR"] == ("1000.00", "0.00")


def stopped_positions(world: World, entry: str) -> str:
    """As `stopped`, but match has nothing against what positions stops at."""
    world("run", "-p", NAME, "positions", status=65)
    said = " ".join(world.err.split())
    world("run", "-p", NAME, "match")
    world("audit", "-p", NAME, status=65)
    assert f"entry {entry}" in said
    assert f"entry {entry}: " in str(world.audit().wrong)
    return said


def test_a_refuse_of_a_good_order_is_adopted_and_the_order_stays_refused(acme: World) -> None:
    acme.say("alice", "buy 10 ACME @ 9.50")
    acme("notary", "-p", NAME)
    order = acme.number_of("alice", "^buy")
    entry = by_hand(acme, "kate", "positions", f'refuse alice/{order} "I do not like you"')
    stopped_positions(acme, f"{entry}.2")
    adopted(acme, f"{entry}.2")
    assert acme.show("book") == []
    assert acme.holdings()["alice EUR"] == ("1000.00", "0.00")


def test_a_report_of_what_is_not_the_signers_has_no_effect_and_stops_nobody(acme: World) -> None:
    sell, buy = crossed(acme)
    fill = f"fill 60 ACME @ 9.45 alice/{buy} bob/{sell}"
    by_hand(acme, "sue", "match", fill)  # ACME is sam's
    by_hand(acme, "kurt", "positions", f'refuse bob/{sell} "no"')  # kate keeps
    acme.settled()
    assert acme.said("^fill .*9.40")
    report = acme("audit", "-p", NAME)
    assert "ACME is sam's to report on, not sue's" in report
    assert "what bob instructs is kate's to report on, not kurt's" in report
    assert acme.holdings()["alice EUR"] == ("436.00", "380.00")


CONTRADICTED = (
    "fill 60 ACME @ 9.51 alice/{buy} bob/{sell}",  # above her limit
    "fill 60 ACME @ 9.39 alice/{buy} bob/{sell}",  # below his
    "fill 61 ACME @ 9.40 alice/{buy} bob/{sell}",  # more than he sells
    "fill 60 ACME @ 9.40 bob/{sell} alice/{buy}",  # the wrong way round
    "fill 60 BETA @ 9.40 alice/{buy} bob/{sell}",  # another ticker
    "fill 60 ACME @ 9.405 alice/{buy} bob/{sell}",  # off the tick
    "fill 0 ACME @ 9.40 alice/{buy} bob/{sell}",
    "fill 60 ACME @ 9.40 carol/{buy} bob/{sell}",  # not carol's
    "fill 60 ACME @ 9.40 alice/1 bob/99999999",
    "leaves alice/{buy} 5 cancelled",
    "leaves bob/{sell} 0 late {buy}",
)


def test_what_the_record_contradicts_has_no_effect(acme: World) -> None:
    sell, buy = crossed(acme)
    by_hand(acme, "sam", "match", *(line.format(buy=buy, sell=sell) for line in CONTRADICTED))
    acme.settled()
    assert f"fill 60 ACME @ 9.40 alice/{buy} bob/{sell}; taker: buyer" in acme.said("^fill")
    report = acme("audit", "-p", NAME)
    assert f"without effect {len(CONTRADICTED)}, divergent 0, owed 0" in report
    assert acme.holdings()["alice EUR"] == ("436.00", "380.00")


def test_a_directive_after_the_wrong_one_in_one_report_is_judged_by_itself(acme: World) -> None:
    sell, buy = crossed(acme)
    entry = by_hand(
        acme,
        "sam",
        "match",
        f"fill 60 ACME @ 9.99 alice/{buy} bob/{sell}",  # no effect
        f"fill 20 ACME @ 9.40 alice/{buy} bob/{sell}",  # diverges: 60 are owed
        f"fill 40 ACME @ 9.40 alice/{buy} bob/{sell}",
    )
    stopped(acme, "match", f"{entry}.3")
    acme.say("operator", f"adopt {entry}")
    acme.settled()
    assert acme.holdings()["alice ACME"] == ("60", "0")
    assert len(acme.said("^fill")) == 3


def test_the_operator_answers_for_a_dead_keeper_with_a_bare_refuse(acme: World) -> None:
    (acme.folder / "wallets/kate").rename(acme.folder / "gone")
    acme.say("bob", "sell 60 ACME @ 9.40")
    acme.say("alice", "buy 60 ACME @ 9.40")
    acme.say("carol", "sell 60 ACME @ 9.40")
    acme.settled()
    assert acme.said("^(accept|refuse) (alice|bob|carol)/") == []
    sell = acme.number_of("bob", "^sell")
    acme.say("operator", f'refuse bob/{sell} "the keeper is dead"')
    acme.settled()
    assert "owed 2" in acme("audit", "-p", NAME)
    acme.say("operator", "keeper 1/1 kurt")
    acme.settled()
    assert acme.said("^fill")[0].startswith("fill 60 ACME @ 9.40 alice/")
    assert acme.holdings()["bob ACME"] == ("100", "0")
    assert acme.holdings()["carol ACME"] == ("40", "0")
    (acme.folder / "gone").rename(acme.folder / "wallets/kate")
    acme.settled()
    assert len(acme.said(f"^(accept|refuse) bob/{sell}")) == 1


def test_nobody_but_the_operator_may_adopt_or_refuse_outside_a_report(acme: World) -> None:
    sell, buy = crossed(acme)
    before = len(acme.said("^refuse |^adopt "))
    for who in ("sam", "kate", "alice"):
        acme("send", "-p", NAME, "--as", who, "--unchecked", f'refuse alice/{buy} "no"')
        acme("send", "-p", NAME, "--as", who, "--unchecked", f"adopt {sell}")
    acme.settled()
    assert len(acme.said("^refuse |^adopt ")) == before
    assert len(acme.said("^refused ")) == 6
    acme.say("operator", f"adopt {sell}")  # nothing diverges: it changes nothing
    acme.settled()
    assert len(acme.said("^fill")) == 1


def test_the_same_is_decided_from_a_checkpoint_and_from_the_start(acme: World) -> None:
    acme.turn()
    sell, buy = crossed(acme)
    checkpoints = list(acme.home.checkpoints(NAME).iterdir())
    kept = {path.name for path in checkpoints if path.suffix == ".mbox"}
    assert kept >= {"match.mbox", "positions.mbox"}
    entry = by_hand(acme, "sam", "match", f"fill 60 ACME @ 9.45 alice/{buy} bob/{sell}")
    said = stopped(acme, "match", f"{entry}.2")
    for path in checkpoints:
        path.unlink()
    assert stopped(acme, "match", f"{entry}.2") == said
    adopted(acme, f"{entry}.2")
    holdings = acme.holdings()
    for path in checkpoints:
        path.unlink()
    assert acme.holdings() == holdings


def test_a_report_made_by_hand_takes_its_number_from_the_program_that_had_sent_it(
    acme: World,
) -> None:
    sell, buy = crossed(acme)
    fill = f"fill 60 ACME @ 9.40 alice/{buy} bob/{sell}"
    mine = acme.mail("sam", "report match 1", fill, "  taker: buyer")
    acme("run", "-p", NAME, "match")
    (path,) = acme.spool()
    theirs = path.read_bytes()
    path.unlink()
    acme.deliver(mine, theirs, mine, theirs)
    acme.settled()
    assert len(acme.said("^fill")) == 1
    assert max(acme.reports().values()) == 1
    assert acme.holdings()["alice ACME"] == ("60", "0")
