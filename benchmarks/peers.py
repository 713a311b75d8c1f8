"""Our book and `pit match` beside matching engines from PyPI, on the same orders.

    $ pip install lightmatchingengine limit-order-book order-matching polars pandera
    $ python benchmarks/peers.py --entries 50000
    $ python benchmarks/peers.py --json

The flow is that of benchmarks/replay.py: 70 % passive limits around a drifting mid price, 25 %
cancels, 5 % marketable. The peers, and our own book, are fed from memory and parse nothing; `pit
match` reads the archive from disk, checks every hash, and writes drafts and checkpoint. Events per
CPU second, each in a process of its own; order-matching, which is slow, gets the first thousand.
"""

import argparse
import gc
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from replay import cpu_of, make, texts

from pit.archives.verbs import Directive
from pit.filters.instructions import Cancel, Order
from pit.filters.standing import Standing
from pit.filters.trading import Lane
from pit.pits.state import Pit

FEW = 1000


class Event(NamedTuple):
    """An order, or (quantity 0) a cancel of the order `number`; price in cents."""

    number: int
    member: str
    buys: bool
    quantity: int
    price: int


def events(entries: int) -> list[Event]:
    """The orders and cancels of the flow, numbered as its entries are."""
    found = []
    for number, (who, said) in enumerate(texts(entries), 1):
        order = re.match(r"(buy|sell) (\d+) ACME @ (\d+)\.(\d\d)\n", said)
        if order:
            price = int(order[3]) * 100 + int(order[4])
            found.append(Event(number, who, order[1] == "buy", int(order[2]), price))
        elif said.startswith("cancel "):
            found.append(Event(int(said[7:]), who, False, 0, 0))
    return found


def ours(flow: list[Event]) -> Callable[[], int]:
    """Our book: the lane that `match` works, without entries, texts and reports of a pit."""
    from decimal import Decimal

    pit = Pit("bench", opened=True)
    lane = Lane("ACME", pit, Standing())
    orders: list[Order | Cancel] = []
    for event in flow:
        if not event.quantity:
            orders.append(Cancel("0", event.member, str(event.number), "ACME"))
            continue
        args = (Decimal(event.quantity), "ACME", Decimal(event.price) / 100)
        said = Directive("buy" if event.buys else "sell", args)
        orders.append(Order(str(event.number), "", event.member, said))

    def run() -> int:
        out: list[object] = []
        for one in orders:
            if isinstance(one, Cancel):
                lane.cancel(one, out)  # type: ignore[arg-type]
            else:
                lane.order(one, out)  # type: ignore[arg-type]
        return len(out)

    return run


def light(flow: list[Event]) -> Callable[[], int]:
    """LightMatchingEngine, pure Python; it numbers orders itself."""
    from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

    engine = LightMatchingEngine()

    def run() -> int:
        ids: dict[int, int] = {}
        for number, _, buys, quantity, price in flow:
            if quantity:
                side = Side.BUY if buys else Side.SELL
                order, _ = engine.add_order("ACME", price, quantity, side)
                ids[number] = order.order_id
            elif number in ids:
                with suppress(AssertionError):  # of an order that was filled
                    engine.cancel_order(ids.pop(number), "ACME")
        return len(ids)

    return run


def compiled(flow: list[Event]) -> Callable[[], int]:
    """limit-order-book: C++ behind ctypes."""
    from limit_order_book import LimitOrderBook

    book = LimitOrderBook()

    def run() -> int:
        for number, _, buys, quantity, price in flow:
            if quantity:
                (book.limit_buy if buys else book.limit_sell)(number, quantity, price)
            elif book.has(number):
                book.cancel(number)
        return 0

    return run


def slow(flow: list[Event]) -> Callable[[], int]:
    """order-matching, pure Python."""
    from loguru import logger
    from order_matching.enums import Side
    from order_matching.matching_engine import MatchingEngine
    from order_matching.order import LimitOrder
    from order_matching.orders import Orders

    logger.remove()
    engine, start = MatchingEngine(seed=1), datetime(2026, 11, 20)

    def run() -> int:
        for at, (number, member, buys, quantity, price) in enumerate(flow):
            now = start + timedelta(milliseconds=at)
            if quantity:
                order = LimitOrder(
                    side=Side.BUY if buys else Side.SELL,
                    price=price / 100,
                    size=quantity,
                    timestamp=now,
                    order_id=str(number),
                    trader_id=member,
                )
                engine.place(orders=Orders([order]))
                engine.match(timestamp=now)
            elif engine.unprocessed_orders.find_order_by_id(str(number)) is not None:
                engine.cancel_order(str(number))
        return 0

    return run


ENGINES = {
    "book": ours,
    "lightmatchingengine": light,
    "limit_order_book_c": compiled,
    "order_matching": slow,
}


def rate(prepare: Callable[[list[Event]], Callable[[], int]], flow: list[Event]) -> float:
    """Events a CPU second, in a process of its own; 0 where the peer is not installed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        found = 0.0
        try:
            run = prepare(flow)
            gc.freeze()
            before = time.process_time()
            run()
            found = len(flow) / (time.process_time() - before)
        except ImportError as error:
            print(f"not measured: {error}; see --help", file=sys.stderr)
        finally:
            os.write(writer, str(found).encode())
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        return float(answer.read())


def main() -> None:
    """Make the flow, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--entries", type=int, default=50_000)
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    flow = events(args.entries)
    figures = {
        name: rate(prepare, flow[:FEW] if prepare is slow else flow)
        for name, prepare in ENGINES.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.mbox")
        make(path, args.entries)
        command = [str(Path(sys.executable).with_name("pit")), "match"]
        figures["match_from_disk"] = args.entries / cpu_of(command, path)
    for name in [*figures]:
        if figures[name] and name not in ("book", "match_from_disk"):
            figures[f"book_to_{name}"] = figures["book"] / figures[name]
            figures[f"match_from_disk_to_{name}"] = figures["match_from_disk"] / figures[name]
    if args.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(name, *((f"{value:.2f}", "times") if "_to_" in name else (f"{value:.0f}", "/s")))


if __name__ == "__main__":
    main()
