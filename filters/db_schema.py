"""The tables of the database that `pit db` makes; docs/reference/database.md explains them.

Each table and column says what it is in a comment inside its own statement, which SQLite keeps:
`.schema` shows it. Whoever changes what stands where raises VERSION; another file is made anew.
"""

VERSION = 4
"""Of the schema; the file's `user_version`."""

APPLICATION = int.from_bytes(b"pit ", "big")
"""The file's `application_id`: by it a file is known to be ours to write to."""

TABLES = (
    """
CREATE TABLE meta ( -- what this file was made from, and by what
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID""",
    """
CREATE TABLE entries ( -- the archive's entries: stamp, subject, signed text
  number INTEGER PRIMARY KEY,
  time TEXT NOT NULL, -- Pit-Time
  signer TEXT NOT NULL REFERENCES members(handle),
  fingerprint TEXT, -- of the signer's primary key
  signed TEXT, -- when, by the signature
  text_sha256 TEXT, -- Pit-Text
  mail_bytes INTEGER, -- Pit-Mail
  mail_sha256 TEXT,
  prev_sha256 TEXT, -- Pit-Prev
  after_seal INTEGER, -- N of the last seal that the signer had seen (`after: N ROOT`)
  subject TEXT, -- the mail's; not signed
  text TEXT NOT NULL -- the signed text
)""",
    """
CREATE TABLE directives ( -- what the entries say, one row a directive
  ref TEXT PRIMARY KEY, -- 1042; 1042.2 for the second of one text
  entry INTEGER NOT NULL REFERENCES entries(number),
  position INTEGER NOT NULL, -- in its text, from 1
  verb TEXT NOT NULL,
  line TEXT NOT NULL, -- in one line, as `pit lines` prints it
  fields TEXT NOT NULL, -- JSON: the words after the verb, by name; numbers as strings
  keys TEXT, -- JSON: the `key: value` lines below it
  idle TEXT -- why it has no effect; NULL where it has
)""",
    """
CREATE TABLE members ( -- everybody who is or was enrolled
  handle TEXT PRIMARY KEY,
  standing TEXT NOT NULL, -- good, suspended, expelled
  roles TEXT NOT NULL, -- words with one blank between
  mail TEXT NOT NULL, -- addresses, one blank between
  fingerprint TEXT, -- of the primary key that signs, or did last
  admitted TEXT NOT NULL REFERENCES directives(ref),
  ended TEXT REFERENCES directives(ref) -- the `expel`
)""",
    """
CREATE TABLE keys ( -- the primary keys that sign, or did
  fingerprint TEXT PRIMARY KEY,
  handle TEXT NOT NULL REFERENCES members(handle),
  from_entry INTEGER NOT NULL, -- it signs from this one on
  ref TEXT NOT NULL REFERENCES directives(ref), -- the charter, admit, rekey or confirm
  replaced INTEGER REFERENCES entries(number), -- after which another one signs
  revoked INTEGER REFERENCES entries(number), -- after which it signs nothing
  reason TEXT -- unspecified, compromised; superseded, retired
) WITHOUT ROWID""",
    """
CREATE TABLE assets ( -- what can be held: currencies, and units of tickers
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL, -- currency, ticker
  decimals INTEGER NOT NULL, -- of its smallest unit
  scale INTEGER NOT NULL, -- smallest units in 1: 10 to the power of decimals
  in_existence INTEGER NOT NULL, -- smallest units deposited or issued, less those paid out
  in_existence_shown TEXT NOT NULL,
  ref TEXT NOT NULL REFERENCES directives(ref)
)""",
    """
CREATE TABLE tickers ( -- what can be traded
  code TEXT PRIMARY KEY, -- in assets too where its units can be held
  mode TEXT NOT NULL, -- how a fill is settled: book, contract
  issuer TEXT NOT NULL REFERENCES members(handle),
  currency TEXT NOT NULL REFERENCES assets(code),
  tick TEXT NOT NULL,
  lot TEXT NOT NULL,
  decimals INTEGER NOT NULL, -- of its smallest unit: quantities are integers of so many decimals
  scale INTEGER NOT NULL, -- smallest units in 1: 10 to the power of decimals
  price_decimals INTEGER NOT NULL, -- prices are integers of this many decimals
  price_scale INTEGER NOT NULL, -- 10 to the power of price_decimals
  ref TEXT NOT NULL REFERENCES directives(ref), -- where it was listed
  specialist TEXT REFERENCES members(handle), -- who publishes for it now
  since INTEGER REFERENCES entries(number)
)""",
    """
CREATE TABLE keepers ( -- who keeps which shard of the members
  shard TEXT PRIMARY KEY, -- K/N
  handle TEXT NOT NULL REFERENCES members(handle),
  since INTEGER NOT NULL REFERENCES entries(number),
  in_force INTEGER NOT NULL -- 0 while not all N have a keeper
) WITHOUT ROWID""",
    """
CREATE TABLE rules ( -- the pit's parameters, each value that was ever in force
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  from_entry INTEGER NOT NULL, -- in force from this one on
  ref TEXT REFERENCES directives(ref) -- NULL for the default
)""",
    """
CREATE TABLE orders ( -- every `buy` and `sell`
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES members(handle),
  account TEXT NOT NULL, -- the owner's, or a further one of his: alice, alice:savings
  side TEXT NOT NULL, -- buy, sell
  ticker TEXT NOT NULL, -- perhaps one that is not listed: then it is refused
  quantity INTEGER, -- smallest units of the ticker; NULL where it is not whole in them
  quantity_shown TEXT NOT NULL, -- as replaces and decrements that stand have made it; so the price
  price INTEGER, -- limit, in 10 to the power of -price_decimals of the currency; NULL: none
  price_shown TEXT NOT NULL, -- `market` where it has none
  tif TEXT NOT NULL, -- gtc, day, ioc, fok
  until TEXT, -- time limit; of a `tif: day` the end of its day
  stop INTEGER, -- the price that triggers it
  stop_shown TEXT,
  minimum INTEGER, -- what it trades at once, or nothing (`min:`)
  minimum_shown TEXT,
  display INTEGER, -- how much of it is shown at a time (`show:`)
  display_shown TEXT,
  cap INTEGER, -- what it may cost, smallest units of the currency
  cap_shown TEXT,
  post_only INTEGER NOT NULL, -- 1: it takes nothing
  stp TEXT NOT NULL, -- when it meets an order of its member: newest, oldest, both, decrement
  label TEXT, -- its key `ref:`
  status TEXT NOT NULL, -- the page has the list; open while ended_by is NULL
  filled INTEGER, -- by fills that count
  filled_shown TEXT NOT NULL,
  remaining INTEGER, -- what works, or waits to; 0 when it has ended
  remaining_shown TEXT NOT NULL,
  answered_by TEXT REFERENCES directives(ref), -- `accept` or `refuse`
  ended_by TEXT REFERENCES directives(ref) -- `refuse`, last `fill`, or `leaves`; NULL while open
)""",
    """
CREATE TABLE combos ( -- every `combo`
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES members(handle),
  account TEXT NOT NULL, -- the owner's, or a further one of his
  quantity_shown TEXT NOT NULL, -- how many combinations
  net_shown TEXT NOT NULL, -- what each may cost; negative: what it must bring
  label TEXT, -- its key `ref:`
  status TEXT NOT NULL, -- unanswered, accepted, refused, filled, killed
  answered_by TEXT REFERENCES directives(ref), -- `accept` or `refuse`
  ended_by TEXT REFERENCES directives(ref) -- `refuse`, last `fill`, or `leaves`; NULL while open
)""",
    """
CREATE TABLE combo_legs ( -- the legs of those that could trade
  combo TEXT NOT NULL REFERENCES combos(ref),
  position INTEGER NOT NULL, -- from 1
  ticker TEXT NOT NULL REFERENCES tickers(code),
  side TEXT NOT NULL, -- buy, sell
  quantity INTEGER, -- of all of it, smallest units of the ticker
  quantity_shown TEXT NOT NULL,
  PRIMARY KEY (combo, position)
) WITHOUT ROWID""",
    """
CREATE TABLE cancels ( -- every `cancel`, of an order or a withdrawal
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES members(handle),
  target TEXT NOT NULL, -- the reference that it names, whatever that is
  status TEXT NOT NULL, -- unanswered; cancelled, late (orders); accepted (withdrawals); refused
  answered_by TEXT REFERENCES directives(ref)
)""",
    """
CREATE TABLE replaces ( -- every `replace`
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES members(handle),
  target TEXT NOT NULL, -- the reference that it names, whatever that is
  quantity INTEGER, -- the order's new quantity, what is filled of it included; as in orders
  quantity_shown TEXT NOT NULL,
  price INTEGER,
  price_shown TEXT NOT NULL,
  status TEXT NOT NULL, -- unanswered, accepted; refused, replaced, late
  answered_by TEXT REFERENCES directives(ref), -- `accept` or `refuse`
  ended_by TEXT REFERENCES directives(ref) -- `refuse` or `leaves`; NULL while it waits
)""",
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
CREATE TABLE answers ( -- the keepers' `accept` and `refuse` that count
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  signer TEXT NOT NULL REFERENCES members(handle),
  member TEXT NOT NULL REFERENCES members(handle), -- whose instruction
  instruction TEXT NOT NULL REFERENCES directives(ref),
  answer TEXT NOT NULL, -- accept, refuse
  cover INTEGER, -- what a market order to buy may cost, smallest units of the currency
  cover_shown TEXT,
  why TEXT -- of a refusal: the arithmetic
)""",
    """
CREATE TABLE fills ( -- the trades: the `fill`s that count
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  signer TEXT NOT NULL REFERENCES members(handle),
  ticker TEXT NOT NULL REFERENCES tickers(code),
  quantity INTEGER, -- smallest units of the ticker
  quantity_shown TEXT NOT NULL,
  price INTEGER, -- in 10 to the power of -price_decimals of the currency
  price_shown TEXT NOT NULL,
  value INTEGER, -- what was paid: smallest units of the currency
  value_shown TEXT,
  currency TEXT REFERENCES assets(code),
  buyer TEXT NOT NULL REFERENCES members(handle),
  buyer_order TEXT NOT NULL REFERENCES directives(ref), -- an order, or a combination
  seller TEXT NOT NULL REFERENCES members(handle),
  seller_order TEXT NOT NULL REFERENCES directives(ref),
  taker TEXT, -- buyer, seller: whose order came later; none: an auction
  buyer_fee INTEGER NOT NULL, -- smallest units of the currency
  buyer_fee_shown TEXT NOT NULL,
  seller_fee INTEGER NOT NULL,
  seller_fee_shown TEXT NOT NULL,
  busted TEXT REFERENCES directives(ref) -- the `bust` that has undone it
)""",
    """
CREATE TABLE leaves ( -- the `leaves` that count: what orders leave, and what came late
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  signer TEXT NOT NULL REFERENCES members(handle),
  owner TEXT NOT NULL,
  target TEXT NOT NULL, -- the reference that it names; of a late cancel perhaps no order's
  quantity INTEGER NOT NULL, -- what it leaves working, smallest units of the ticker; 0 ends it
  quantity_shown TEXT NOT NULL,
  price INTEGER, -- at which, where that is another than before
  price_shown TEXT,
  why TEXT NOT NULL -- cancelled 1050, expired, killed, replaced 1050, decremented, late 1050
)""",
    """
CREATE TABLE sessions ( -- the operator's `halt`, `resume` and `auction`
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  ticker TEXT NOT NULL REFERENCES tickers(code),
  kind TEXT NOT NULL, -- halt, resume, auction
  until TEXT -- when the call phase of an auction ends
)""",
    """
CREATE TABLE book_orders ( -- the order book now, each side as it trades: by price, then place
  ticker TEXT NOT NULL REFERENCES tickers(code),
  side TEXT NOT NULL, -- bid, ask
  position INTEGER NOT NULL, -- the first to trade is 1
  ref TEXT NOT NULL REFERENCES orders(ref),
  owner TEXT NOT NULL REFERENCES members(handle),
  price INTEGER NOT NULL, -- in 10 to the power of -price_decimals of the currency
  price_shown TEXT NOT NULL,
  quantity INTEGER NOT NULL, -- smallest units of the ticker, hidden parts included
  quantity_shown TEXT NOT NULL,
  displayed INTEGER NOT NULL, -- of it, what is shown
  displayed_shown TEXT NOT NULL,
  PRIMARY KEY (ticker, side, position)
) WITHOUT ROWID""",
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
  kind TEXT NOT NULL, -- instruction; bust; short ACME or contracts: of the account as a whole
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
    """
CREATE TABLE refused ( -- signed instructions that the notary refused
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  fingerprint TEXT NOT NULL, -- of the key that signed it
  member TEXT REFERENCES members(handle), -- whose key that is
  signed TEXT NOT NULL, -- when, by the signature
  text_sha256 TEXT NOT NULL, -- of the refused text
  code TEXT NOT NULL -- why: the name of the notary's rule
)""",
    """
CREATE TABLE reports ( -- the filters' reports
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  filter TEXT NOT NULL,
  signer TEXT NOT NULL REFERENCES members(handle),
  number INTEGER NOT NULL, -- the signer's, for this filter
  directives INTEGER NOT NULL, -- how many stand in it
  idle INTEGER NOT NULL -- how many of them do not count
)""",
    """
CREATE TABLE owed ( -- reports that the last entry leaves owing: withheld, or still to come
  filter TEXT NOT NULL,
  position INTEGER NOT NULL, -- the oldest is 1
  lane TEXT NOT NULL, -- ticker or member
  signer TEXT REFERENCES members(handle), -- who owes it; NULL: nobody publishes for the lane
  line TEXT NOT NULL, -- the directive
  cause TEXT NOT NULL REFERENCES directives(ref), -- what it follows from
  since TEXT NOT NULL, -- the time of that
  PRIMARY KEY (filter, position)
) WITHOUT ROWID""",
    """
CREATE TABLE divergences ( -- where what stands is not what is owed, and nobody has adopted it
  filter TEXT NOT NULL,
  lane TEXT NOT NULL,
  ref TEXT NOT NULL REFERENCES directives(ref), -- what stands
  stands TEXT NOT NULL,
  owed TEXT, -- NULL: nothing was
  PRIMARY KEY (filter, lane)
) WITHOUT ROWID""",
    """
CREATE TABLE seals ( -- the notary's seals
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  size INTEGER NOT NULL, -- entries 1 to this are under the root
  root TEXT NOT NULL, -- RFC 6962 tree head over their stamps
  time TEXT NOT NULL
)""",
    """
CREATE TABLE witnesses ( -- who was named a witness, and where he publishes what he has seen
  handle TEXT PRIMARY KEY,
  place TEXT NOT NULL, -- a path or URL
  ref TEXT NOT NULL REFERENCES directives(ref) -- the last `witness` that names him
) WITHOUT ROWID""",
    """
CREATE TABLE sightings ( -- what witnesses say in the pit that they have seen: each `saw`
  ref TEXT PRIMARY KEY REFERENCES directives(ref),
  entry INTEGER NOT NULL REFERENCES entries(number),
  time TEXT NOT NULL,
  witness TEXT NOT NULL REFERENCES members(handle),
  size INTEGER NOT NULL, -- of the seal
  root TEXT NOT NULL -- as they saw it
)""",
    """
CREATE TABLE checkpoints ( -- the filters' states at the last entry: what `pit db` goes on from
  filter TEXT PRIMARY KEY,
  sealed INTEGER NOT NULL, -- N and root of the last seal
  root TEXT NOT NULL,
  text TEXT NOT NULL
) WITHOUT ROWID""",
)

SEARCH = """
CREATE VIRTUAL TABLE entries_fts USING fts5(
  subject, text, content='entries', content_rowid='number'
)"""
"""Full-text search; where SQLite was built without FTS5 it is left out."""
