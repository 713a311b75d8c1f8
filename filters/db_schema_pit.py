"""The tables of `pit db` about the pit itself: entries, members, rules, reports, seals."""

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
