"""The rules of TradeTokens: what each may be, in what order, and the sentence where it may not."""

import pytest

from pit.archives.language import parse_directives
from pit.archives.mbox import Entry
from pit.archives.words import CORE
from pit.pits.state import Pit

CHARTER = 'charter "Toy"\n  operator-key:\n    key\n  notary-key:\n    key\n'
TIME = "2026-11-20T12:00:00.000000Z"
TICKER = (
    'asset EUR "Euro"\n  decimals: {0}\nticker TT "TradeTokens"\n  currency: EUR\n  tick: {1}\n'
    "  lot: {2}\n  specialist: operator\n"
)
ASSET = 'asset TT "TradeTokens"\n  decimals: 5\n'


class Told:
    """A pit's fold, and what it would answer to a rule."""

    def __init__(self, *texts: str) -> None:
        self.pit, self.entries = Pit(), 0
        for text in (CHARTER, *texts):
            self.say(text)

    def say(self, text: str) -> None:
        """The operator says this."""
        self.entries += 1
        text = f"pit toy\n{text}"
        time = TIME.replace(":00.0", f":{self.entries:02}.0")
        self.pit.take(Entry("toy", self.entries, time, "operator", "", text, b""))
        self.pit.settle()

    def objection(self, rule: str) -> str:
        """Why the operator cannot say `rule …`; '' where he can."""
        (directive,) = parse_directives(f"rule {rule}\n", CORE).directives
        return self.pit.objection(directive, "operator")


WORDS = "rule words tokens 1\n"
FIRST = "there must be an asset or ticker TT with 5 decimals first"


@pytest.mark.parametrize(
    "text",
    [
        "",
        'asset TT "TradeTokens"\n',
        'asset TT "TradeTokens"\n  decimals: 4\n',
        'asset TT "TradeTokens"\n  decimals: 6\n',
        TICKER.format(9, "0.5", "0.0001"),
        TICKER.format(9, "0.5", "1"),
    ],
)
def test_tokens_need_an_asset_or_a_ticker_of_five_decimals(text: str) -> None:
    told = Told("grant specialist to operator\n", WORDS, *([text] if text else []))
    assert told.objection("tokens 1") == FIRST
    assert told.objection("tokens off") == ""


@pytest.mark.parametrize("text", [ASSET, TICKER.format(9, "0.5", "0.00001")])
def test_tokens_are_taken_into_use_where_there_is_one(text: str) -> None:
    told = Told("grant issuer to operator\ngrant specialist to operator\n", text)
    assert told.objection("tokens 1") == ("its words must be in force first: `rule words tokens 1`")
    told.say(WORDS)
    assert told.objection("tokens 1") == ""
    told.say("rule tokens 1\n")
    assert told.pit.rule("tokens") == 1 and told.pit.tokens == 1
    told.say("rule tokens off\n")
    assert told.pit.rule("tokens") == 0 == told.pit.tokens


def test_what_has_an_objection_has_no_effect() -> None:
    told = Told(WORDS, "rule tokens 1\n", "rule sealers nobody\n", "rule fee-rate 2\n")
    assert told.pit.tokens == 0
    assert told.pit.rule("sealers") == ("operator",)
    told.say(ASSET + "rule tokens 1\n")
    assert told.pit.rule("tokens") == 1


def test_how_long_a_block_is_is_fixed_once_they_are_counted() -> None:
    told = Told(WORDS, ASSET)
    assert told.objection("block 10m") == ""
    told.say("rule block 10m\n")
    told.say("rule tokens 1\n")
    assert told.objection("block 5m") == "blocks are counted already; how long one is stays"
    assert told.objection("block 10m") == ""
    told.say("rule block 1m\n")
    assert told.pit.rule("block") == 600
    assert told.pit.block("2026-11-20T12:20:00.000000Z") == 2


def test_how_long_a_block_is_stays_fixed_when_tokens_are_off_again() -> None:
    told = Told(WORDS, ASSET, "rule tokens 1\n", "rule tokens off\n")
    assert told.objection("block 10m") == "blocks are counted already; how long one is stays"


def test_sealers_are_members() -> None:
    told = Told("admit sam " + "0" * 40 + "\n  mail: sam@example.org\n  key:\n    key\n")
    assert told.objection("sealers operator sam") == ""
    assert told.objection("sealers sam") == ""
    assert told.objection("sealers operator bob sam") == "bob is not a member of this pit"
    twice = "sam is named twice; each takes one turn"
    assert told.objection("sealers sam operator sam") == twice


NUMBER = "write plain digits like 100 or 12.50, up to 15 before the point and 9 after"
TT = "write a number with at most 5 decimals, 0.50"

WRONG = {
    "tokens yes": "'yes' is not a version; write 1, or off",
    "tokens 1.5": "'1.5' is not a version; write 1, or off",
    "block 5": "'5' is not a duration; write 10s, 5m, 2h or 30d",
    "block 0m": "'0m' is not a duration; write 10s, 5m, 2h or 30d",
    "schedule square": "'square' is not one of the words allowed here; write linear or halving",
    "subsidy 0.000001": f"'0.000001' is not an amount of TT; {TT}",
    "subsidy -1": f"'-1' is not an amount of TT; {TT}",
    "subsidy-fall 0": "'0' is too little for `subsidy-fall`; write 0.00001 or more",
    "subsidy-fall 0.000019": f"'0.000019' is not an amount of TT; {TT}",
    "halving 0": "'0' is not a whole number from 1 up; write 18",
    "halving 1.5": "'1.5' is not a whole number from 1 up; write 18",
    "sealers Bob": "'Bob' is not a list of names; write names with one blank between: "
    "trader cashier",
    "forfeits keep": "'keep' is not one of the words allowed here; write next or burn",
    "fee-rate 1.1": "'1.1' is too much for `fee-rate`; write at most 1",
    "fee-rate 1e-6": f"'1e-6' is not a number; {NUMBER}",
    "fee-minimum 0.000001": f"'0.000001' is not an amount of TT; {TT}",
    "fee-minimum none": f"'none' is not an amount of TT; {TT}",
    "fee-cap 0.000001": f"'0.000001' is not an amount of TT; {TT}, or none",
    "fee-cap off": f"'off' is not an amount of TT; {TT}, or none",
    **{
        f"fee-{kind} -1": f"'-1' is not a number; {NUMBER}"
        for kind in ("issue", "listing", "buy", "sell", "cancel", "motion", "vote", "dividend")
    },
    "good-faith 1.5": "'1.5' is not a whole number; write 2",
    "good-faith 1000001": "'1000001' is too much for `good-faith`; write at most 1000000",
    "good-faith-worth ten": f"'ten' is not a number; {NUMBER}",
    "fee-buys 1": "there is no rule `fee-buys`; there is `fee-buy` or `fee-sell`; "
    "`pit show rules` lists them",
}


@pytest.mark.parametrize(("rule", "sentence"), WRONG.items())
def test_what_a_rule_may_not_be_is_said_in_a_sentence(rule: str, sentence: str) -> None:
    assert Told(ASSET).objection(rule) == sentence


RIGHT = (
    "tokens off", "block 1s", "schedule halving", "schedule linear", "subsidy 0", "subsidy 9.99999",
    "subsidy-fall 0.00001", "halving 1", "sealers operator", "forfeits burn", "forfeits next",
    "fee-rate 0", "fee-rate 1", "fee-minimum 0", "fee-cap none", "fee-cap 0.00001", "fee-buy 0",
    "fee-cancel 1.2", "good-faith 0", "good-faith 1000000", "good-faith-worth 0",
)  # fmt: skip


@pytest.mark.parametrize("rule", RIGHT)
def test_what_a_rule_may_be(rule: str) -> None:
    assert Told(ASSET).objection(rule) == ""
