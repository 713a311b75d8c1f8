"""The tables of `pit db` about what accounts have: the journal, claims, moves, holds, contracts."""

TABLES = (
    """
CREATE TABLE claims ( -- every `transfer` and `withdraw`
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES members(handle),
  account TEXT NOT NULL, -- that it draws on: the owner's, or a further one of his
  kind TEXT NOT NULL, -- transfer, withdraw
  amount INTEGER, -- smallest units; NULL where it is not whole in them
  amount_shown TEXT NOT NULL,
  asset TEXT NOT NULL, -- perhaps one that does not exist: then it is refused
  recipient TEXT, -- of a transfer: the member
  recipient_account TEXT, -- his, or a further one of his
  status TEXT NOT NULL, -- unanswered, refused; delivered; held, cancelled, paid
  answered_by TEXT REFERENCES directives(ref),
  ended_by TEXT REFERENCES directives(ref) -- what delivered, refused, cancelled or paid it
)""",
    """
CREATE TABLE moves ( -- the `move`s that count: what was held goes to whom a filter says
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  signer TEXT NOT NULL REFERENCES members(handle),
  filter TEXT NOT NULL, -- that moves it: dividends, settle (a dispute's stake), tokens
  ticker TEXT NOT NULL, -- whose specialist does; -: that of the one listed first
  instruction TEXT NOT NULL REFERENCES directives(ref), -- that it was held for
  owner TEXT NOT NULL REFERENCES members(handle), -- whose that is
  from_account TEXT NOT NULL,
  member TEXT REFERENCES members(handle), -- who gets it; NULL: it was burned
  account TEXT NOT NULL, -- his, or a further one of his; that it came from: it comes back
  asset TEXT NOT NULL REFERENCES assets(code),
  amount INTEGER NOT NULL, -- smallest units
  amount_shown TEXT NOT NULL,
  why TEXT NOT NULL -- the arithmetic
)""",
    """
CREATE TABLE postings ( -- the journal: each change of a balance, with its other side
  id INTEGER PRIMARY KEY,
  entry INTEGER NOT NULL REFERENCES entries(number), -- at which it took effect
  time TEXT NOT NULL,
  ref TEXT NOT NULL REFERENCES directives(ref), -- what it follows from
  member TEXT REFERENCES members(handle), -- whose account it is; NULL where it is nobody's
  account TEXT NOT NULL, -- alice, alice:savings; outside, of cashiers and issuers; clearing
  asset TEXT NOT NULL REFERENCES assets(code),
  amount INTEGER NOT NULL, -- smallest units, below 0 when they leave
  amount_shown TEXT NOT NULL,
  why TEXT NOT NULL -- deposit, issue, transfer, paid out, 60 ACME @ 12.40
)""",
    """
CREATE TABLE holdings ( -- what each account has now
  member TEXT NOT NULL REFERENCES members(handle), -- whose it is
  account TEXT NOT NULL, -- alice, alice:savings
  asset TEXT NOT NULL REFERENCES assets(code),
  balance INTEGER NOT NULL, -- smallest units, what is held included
  balance_shown TEXT NOT NULL,
  held INTEGER NOT NULL, -- of it, for open instructions
  held_shown TEXT NOT NULL,
  available INTEGER NOT NULL, -- balance less held
  available_shown TEXT NOT NULL,
  PRIMARY KEY (account, asset)
) WITHOUT ROWID""",
    """
CREATE TABLE holds ( -- what is held now, and what for
  kind TEXT NOT NULL, -- instruction, charge, bust; short ACME, contracts: of all of an account
  ref TEXT REFERENCES directives(ref), -- the instruction or bust
  member TEXT NOT NULL REFERENCES members(handle), -- whose account it is
  account TEXT NOT NULL,
  asset TEXT NOT NULL REFERENCES assets(code),
  amount INTEGER NOT NULL, -- smallest units
  amount_shown TEXT NOT NULL
)""",
    """
CREATE TABLE markets ( -- markets of bounded contracts, and how they stand now
  code TEXT PRIMARY KEY REFERENCES tickers(code),
  root TEXT NOT NULL, -- RAIN, of RAIN and of RAIN.2
  branch INTEGER NOT NULL, -- 1 of a root, 2 of RAIN.2
  parent TEXT, -- which it lies within; NULL of a root
  driver TEXT NOT NULL, -- the market that it is settled with: itself, where it is settled
  owner TEXT NOT NULL REFERENCES members(handle),
  low INTEGER NOT NULL, -- the bounds that it was founded with, in its tickers.price_scale
  low_shown TEXT NOT NULL,
  high INTEGER NOT NULL,
  high_shown TEXT NOT NULL,
  low_now INTEGER NOT NULL, -- the bounds that count now
  low_now_shown TEXT NOT NULL,
  high_now INTEGER NOT NULL,
  high_now_shown TEXT NOT NULL,
  state TEXT NOT NULL, -- its driver's: open, waiting, disputed, decided, settled, void
  waits TEXT REFERENCES directives(ref), -- the `bound` or `settle` that waits, or is decided
  until TEXT, -- the end of its window
  value INTEGER, -- what it is worth, where that is known
  value_shown TEXT,
  expiry TEXT NOT NULL,
  void TEXT NOT NULL, -- mid, cancel: what holds if nobody has settled it
  void_from TEXT NOT NULL -- from when on
) WITHOUT ROWID""",
    """
CREATE TABLE contracts ( -- the contracts of each account, by market, that are not paid yet
  member TEXT NOT NULL REFERENCES members(handle), -- whose it is
  account TEXT NOT NULL, -- alice, alice:savings
  market TEXT NOT NULL REFERENCES markets(code),
  quantity INTEGER NOT NULL, -- smallest units of the ticker; below 0 of who has sold more
  quantity_shown TEXT NOT NULL,
  paid INTEGER NOT NULL, -- quantity x price x unit, summed: smallest units of the currency
  paid_shown TEXT NOT NULL,
  average TEXT, -- of the prices; NULL where as much was sold as bought
  PRIMARY KEY (account, market)
) WITHOUT ROWID""",
)
