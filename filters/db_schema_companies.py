"""The tables of `pit db` about companies: motions, votes, mandates, dividends."""

TABLES = (
    """
CREATE TABLE motions ( -- every `motion`, and what became of it
  ref TEXT PRIMARY KEY REFERENCES directives(ref), -- its entry is the record date
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  mover TEXT NOT NULL REFERENCES members(handle),
  ticker TEXT NOT NULL, -- perhaps one that is not listed: then it does not count
  kind TEXT NOT NULL, -- text, issue, close, rule
  title TEXT NOT NULL,
  quantity INTEGER, -- of kind issue: how many it would allow, smallest units of the ticker
  quantity_shown TEXT,
  until TEXT NOT NULL, -- when it expires
  status TEXT NOT NULL, -- unanswered, counted, uncounted; refused (its fee)
  why TEXT, -- as the answer says
  answered_by TEXT REFERENCES directives(ref), -- `counted`, `uncounted` or `refuse`
  outcome TEXT, -- passed, failed; NULL while no result stands
  result TEXT REFERENCES directives(ref),
  outstanding INTEGER, -- by the result: the shares that had a vote, smallest units of the ticker
  outstanding_shown TEXT,
  yes INTEGER, -- of them, by votes that count
  yes_shown TEXT,
  no INTEGER,
  no_shown TEXT,
  voted INTEGER, -- both
  voted_shown TEXT,
  heads INTEGER, -- the members that had a vote
  heads_yes INTEGER, -- of them, by votes that count
  heads_no INTEGER,
  reckoning TEXT, -- by which it passed or failed
  lapsed TEXT REFERENCES directives(ref) -- passed, but changes nothing: the `lapsed`
)""",
    """
CREATE TABLE votes ( -- every `vote`
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  member TEXT NOT NULL REFERENCES members(handle),
  motion TEXT NOT NULL, -- the reference that it names, whatever that is
  vote TEXT NOT NULL, -- yes, no
  comment TEXT,
  status TEXT NOT NULL, -- unanswered, counted, uncounted; refused (its fee)
  why TEXT, -- as the answer says; of a counted one with how many shares
  answered_by TEXT REFERENCES directives(ref), -- `counted`, `uncounted` or `refuse`
  counts INTEGER NOT NULL -- 1: the member's last one on that motion that was counted
)""",
    """
CREATE TABLE mandates ( -- what motions that passed let an issuer issue: each `mandate` that counts
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  signer TEXT NOT NULL REFERENCES members(handle),
  ticker TEXT NOT NULL REFERENCES tickers(code),
  motion TEXT NOT NULL, -- the reference that it names
  quantity INTEGER NOT NULL, -- smallest units of the ticker
  quantity_shown TEXT NOT NULL,
  used INTEGER NOT NULL, -- what was issued of it
  used_shown TEXT NOT NULL,
  until TEXT NOT NULL
)""",
    """
CREATE TABLE dividends ( -- every `dividend`; whom it paid: moves, payments
  ref TEXT PRIMARY KEY REFERENCES directives(ref), -- its entry is the record date
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES members(handle), -- the issuer; another's is refused
  account TEXT NOT NULL, -- that it is paid from
  ticker TEXT NOT NULL, -- whose holders are paid; perhaps not listed: then it is refused
  amount INTEGER, -- smallest units; NULL where it is not whole in them
  amount_shown TEXT NOT NULL,
  asset TEXT NOT NULL,
  comment TEXT,
  status TEXT NOT NULL, -- unanswered, refused; held: accepted, not all of it is paid; paid
  paid INTEGER, -- what was moved of it so far, what came back included
  paid_shown TEXT NOT NULL,
  answered_by TEXT REFERENCES directives(ref), -- `accept` or `refuse`
  ended_by TEXT REFERENCES directives(ref) -- the `refuse` or the last `move`
)""",
)
