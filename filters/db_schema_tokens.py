"""The tables of `pit db` about TradeTokens: what is charged, what sealed blocks bring."""

TABLES = (
    """
CREATE TABLE charges ( -- what instructions are charged in TT; where it went: moves
  ref TEXT PRIMARY KEY REFERENCES directives(ref), -- the instruction
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES members(handle),
  kind TEXT NOT NULL, -- by which its fee is reckoned: buy, sell, motion, and so on
  ticker TEXT NOT NULL, -- whose specialist moves it; -: that of the one listed first
  block INTEGER NOT NULL, -- of its entry: the fee is its sealer's
  fee INTEGER NOT NULL, -- smallest units
  fee_shown TEXT NOT NULL,
  deposit INTEGER NOT NULL, -- an order's good faith
  deposit_shown TEXT NOT NULL,
  why TEXT NOT NULL, -- the fee's arithmetic
  status TEXT NOT NULL, -- unanswered, refused; held: not all of it is moved; moved
  remaining INTEGER NOT NULL, -- what was not moved yet; 0 of a refused one
  remaining_shown TEXT NOT NULL,
  answered_by TEXT REFERENCES directives(ref), -- `accept` or `refuse`
  ended_by TEXT REFERENCES directives(ref) -- the `refuse` or the last `move`
)""",
    """
CREATE TABLE subsidies ( -- what seals brought into being: each first one of a block
  ref TEXT PRIMARY KEY REFERENCES directives(ref), -- the seal
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  sealer TEXT NOT NULL REFERENCES members(handle), -- whose these blocks are
  first_block INTEGER NOT NULL, -- empty ones before it are its sealer's, too
  last_block INTEGER NOT NULL, -- the one in which it stands
  amount INTEGER NOT NULL, -- smallest units; 0 when blocks bring nothing any more
  amount_shown TEXT NOT NULL
)""",
)
