"""Names that cost TT: asked for, committed to, closed and joined when the accept stands."""

from pit.filters.listing import Listing
from pit.filters.naming import commitment
from pit.filters.runner import Run
from tests.filters.sessions import Process, replay, settle, state
from tests.filters.token_pit import TokenPit

FEE = "rule fee-minimum 2"


class Names(TokenPit):
    """A pit with tokens in which bob and carol may list; each of the fees is 2 TT."""

    def __init__(self, *rules: str, given: str = "9") -> None:
        grants = ("grant issuer to bob", "grant issuer to carol")
        super().__init__(FEE, *grants, *rules, "rule words listing 1", given=given)
        self.running.append(Process(Listing, Run(Listing())))
        settle(self.archive, self.running)

    def ticker(
        self, who: str, code: str, *keys: str, block: int | None = None, mail: bool = True
    ) -> int:
        """Ask for a name."""
        lines = ("currency: EUR", "tick: 0.01", "lot: 1", "specialist: sue", *keys)
        said = (f'ticker {code} "{code} of {who}"', *(f"  {line}" for line in lines))
        return self.say(who, *said, block=block, mail=mail)

    def names(self) -> dict[str, str]:
        """Whose the tickers that were asked for are."""
        pit = replay(self.archive, Listing).pit
        return {code: pit.tickers[code].issuer for code in pit.names}

    def end(self) -> None:
        """All is published: moves and balances are the oracle's, live is replay."""
        self.check()
        for process in self.running:
            process.catch_up(self.archive)
            again = replay(self.archive, process.make)
            assert state(process.run) == state(again) and again.drafts() == []


def test_a_name_is_had_when_its_fee_is_accepted_and_its_block_is_over() -> None:
    pit = Names()
    asked = pit.ticker("bob", "NEW", block=3)
    assert pit.lines("accept", of=asked) and pit.names() == {}
    pit.pass_to(4)
    assert pit.lines("listed") == [f"listed NEW bob/{asked}"] and pit.names() == {"NEW": "bob"}
    assert pit.moves(asked) == {"operator": 200_000}
    pit.end()


def test_who_cannot_pay_for_a_name_is_nobodys_rival() -> None:
    pit = Names()
    pit.say("carol", "transfer 8 TT to alice")
    poor = pit.ticker("carol", "NEW", block=3)
    asked = pit.ticker("bob", "NEW")
    pit.pass_to(4)
    assert pit.lines("refuse", of=poor)[0].startswith(
        f'refuse carol/{poor} "ticker needs 2.00000 TT (listing: 10 x 0.000001 x '
    )
    assert pit.lines("listed", "unlisted") == [f"listed NEW bob/{asked}"]
    pit.end()


def test_two_who_paid_both_pay_and_neither_has_the_name() -> None:
    pit = Names()
    one, two = pit.ticker("bob", "NEW", block=3), pit.ticker("carol", "NEW")
    pit.pass_to(4)
    assert pit.lines("listed", "unlisted") == [
        f'unlisted NEW bob/{one} "carol/{two} asked for it in block 3, too"',
        f'unlisted NEW carol/{two} "bob/{one} asked for it in block 3, too"',
    ]
    assert pit.moves(one) == pit.moves(two) == {"operator": 200_000}
    pit.end()


def test_a_name_waits_for_the_answer_to_who_asked_before() -> None:
    pit = Names("rule name-conflict first")
    one = pit.ticker("bob", "NEW", block=3, mail=False)
    two = pit.ticker("carol", "NEW", block=3, mail=False)
    pit.archive.seal()
    drafts = next(p for p in pit.running if p.run.filter.name == "positions").mails(pit.archive)
    (draft,) = drafts
    early, late = (
        line for line in draft.text.splitlines() if line.startswith("accept")
    )  # one of them is published alone, and first
    assert (early, late) == (f"accept bob/{one}", f"accept carol/{two}")
    assert pit.lines("listed", "unlisted") == []
    pit.mail()
    assert pit.lines("listed", "unlisted") == [
        f"listed NEW bob/{one}",
        f'unlisted NEW carol/{two} "bob/{one} has it"',
    ]
    pit.end()


def test_a_commitment_counts_from_its_own_entry_once_it_is_paid_for() -> None:
    pit = Names("rule name-conflict commit")
    made = commitment("NEW", "bob", "x7")
    commit = pit.say("bob", f"commit {made}", block=3, mail=False)
    pit.pass_to(5)
    assert pit.lines("accept", of=commit)
    asked = pit.ticker("bob", "NEW", "salt: x7", block=6)
    assert pit.lines("listed") == [f"listed NEW bob/{asked}"]
    assert pit.moves(commit) == pit.moves(asked) == {"operator": 200_000}
    pit.end()


def test_closing_and_joining_wait_for_their_fee_and_are_undone_by_its_refusal() -> None:
    pit = Names("rule name-conflict first")
    for code in ("NEW", "OLD"):
        pit.ticker("bob", code, block=3)
    pit.say("bob", "transfer 4.5 TT to alice")
    poor = pit.say("bob", "close NEW", block=4)
    assert pit.lines("refuse", of=poor) and not pit.lines("closing")
    pit.say("alice", "transfer 4 TT to bob")
    close = pit.say("bob", "close NEW")
    assert pit.lines("closing", "ended") == [f'closing NEW "by bob/{close}"', "ended NEW"]
    pit.ticker("bob", "THIRD", block=5)
    pit.say("alice", "transfer 4 TT to bob")
    join = pit.say("bob", "synonym OLD THIRD")
    assert pit.lines("synonyms", "preferred") == [
        f"preferred THIRD THIRD bob/{join}",
        "synonyms OLD of THIRD",
    ]
    assert pit.moves(join) == {"operator": 200_000}
    pit.end()


def test_an_issue_that_its_keeper_refuses_keeps_no_name() -> None:
    pit = Names("rule name-conflict first", "rule name-rest 10")
    pit.ticker("bob", "NEW", block=3)
    pit.say("bob", "transfer 6 TT to alice")
    issue = pit.say("bob", "issue 5 NEW", block=4)
    assert pit.lines("refuse", of=issue)
    pit.pass_to(12)
    assert pit.lines("closing") == []
    pit.pass_to(13)
    assert pit.lines("closing") == ['closing NEW "released: no shares by block 13"']
    other = pit.ticker("carol", "NEW")
    assert pit.lines("listed")[-1] == f"listed NEW carol/{other}"
    pit.end()
