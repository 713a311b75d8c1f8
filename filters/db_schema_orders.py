"""The tables of `pit db` about orders: what was asked, answered, traded, left; the book."""

TABLES = (
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
)
