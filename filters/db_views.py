"""The indexes and views of the database that `pit db` makes: for what people ask most."""

INDEXES = (
    "CREATE INDEX entries_time ON entries(time)",
    "CREATE INDEX entries_signer ON entries(signer)",
    "CREATE INDEX directives_entry ON directives(entry)",
    "CREATE INDEX directives_verb ON directives(verb)",
    "CREATE INDEX orders_owner ON orders(owner)",
    "CREATE INDEX orders_ticker ON orders(ticker)",
    "CREATE INDEX answers_instruction ON answers(instruction)",
    "CREATE INDEX fills_ticker ON fills(ticker)",
    "CREATE INDEX fills_buyer_order ON fills(buyer_order)",
    "CREATE INDEX fills_seller_order ON fills(seller_order)",
    "CREATE INDEX leaves_target ON leaves(target)",
    "CREATE INDEX replaces_target ON replaces(target)",
    "CREATE INDEX seals_size ON seals(size)",
    "CREATE INDEX sightings_size ON sightings(size)",
    "CREATE INDEX votes_motion ON votes(motion, member)",
    "CREATE INDEX moves_instruction ON moves(instruction)",
    "CREATE INDEX moves_member ON moves(member)",
    "CREATE INDEX postings_account ON postings(account, asset)",
    "CREATE INDEX postings_member ON postings(member)",
    "CREATE INDEX postings_ref ON postings(ref)",
)

DECIMAL = (
    "CASE WHEN typeof({0}) <> 'integer' THEN NULL WHEN {1} = 0 THEN CAST({0} AS TEXT) "
    "ELSE printf('%s%d.%0*d', iif({0} < 0, '-', ''), abs({0} / {2}), {1}, abs({0} % {2})) END"
)
"""An integer of smallest units as a decimal; NULL where it was past 64 bits."""

VIEWS = (
    f"""
CREATE VIEW book AS -- the order book by price, the best first
SELECT ticker, side, price, price_shown, quantity,
       {DECIMAL.format("quantity", "decimals", "scale")} AS quantity_shown, displayed,
       {DECIMAL.format("displayed", "decimals", "scale")} AS displayed_shown, orders
FROM (
  SELECT ticker, side, price, price_shown, sum(quantity) AS quantity,
         sum(displayed) AS displayed, count(*) AS orders, min(position) AS first
  FROM book_orders GROUP BY ticker, side, price
) JOIN tickers ON tickers.code = ticker
ORDER BY ticker, side = 'ask', first""",
    f"""
CREATE VIEW member_holdings AS -- what each member has now, in all his accounts together
SELECT member, asset, accounts, balance,
       {DECIMAL.format("balance", "decimals", "scale")} AS balance_shown, held,
       {DECIMAL.format("held", "decimals", "scale")} AS held_shown, available,
       {DECIMAL.format("available", "decimals", "scale")} AS available_shown
FROM (
  SELECT member, asset, count(*) AS accounts, sum(balance) AS balance, sum(held) AS held,
         sum(available) AS available
  FROM holdings GROUP BY member, asset
) JOIN assets ON assets.code = asset
ORDER BY member, asset""",
    f"""
CREATE VIEW statement AS -- each change of a balance, and the balance after it
SELECT id, entry, time, moved.ref AS ref, member, account, asset, why, amount, amount_shown,
       balance,
       {DECIMAL.format("balance", "decimals", "scale")} AS balance_shown
FROM (
  SELECT *, sum(amount) OVER (PARTITION BY member, account, asset ORDER BY id) AS balance
  FROM postings
) AS moved JOIN assets ON assets.code = asset""",
    """
CREATE VIEW payments AS -- what holders were paid by dividends
SELECT moves.ref AS ref, moves.entry AS entry, moves.time AS time, dividends.ref AS dividend,
       dividends.owner AS issuer, dividends.ticker AS ticker, moves.member AS member,
       moves.account AS account, moves.asset AS asset, moves.amount AS amount,
       moves.amount_shown AS amount_shown, dividends.comment AS comment, moves.why AS why
FROM moves JOIN dividends ON dividends.ref = instruction
WHERE moves.account <> from_account""",
    """
CREATE VIEW refusals AS -- what was refused, by a keeper or by the notary, and why
SELECT 'keeper' AS refused_by, ref, time, member, instruction, why FROM answers
WHERE answer = 'refuse'
UNION ALL
SELECT 'notary', ref, time, member, NULL, code FROM refused""",
    """
CREATE VIEW rules_in_force AS -- the pit's parameters now
SELECT name, value, from_entry, ref FROM rules AS mine
WHERE rowid = (
  SELECT rowid FROM rules WHERE name = mine.name ORDER BY from_entry DESC, rowid DESC LIMIT 1
)""",
)
