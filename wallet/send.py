"""Sign directives and send them to the pit.

Each DIRECTIVE is a line of the pit language; one that begins with two blanks adds a key to the one
before it. What is signed is shown. It is checked first: what does not parse is not sent.

    $ pit send --as alice 'buy 100 ACME @ 12.50' '  ref: retirement-7'
    $ echo 'say "Good morning"' | pit send --as alice -
    $ pit send --as alice -f talk.txt

A text that was sent but whose receipt never came is sent again as it is, never signed anew: the
same signature is the same instruction, however often it arrives. MAIL is a file, or the name of one
in the wallet's sent/.

    $ pit send --as alice --again MAIL
"""

from pit.archives.errors import UsageError
from pit.pits.options import parser
from pit.wallet.compose import add_place, place_of, read_text, send, send_again


def main(argv: list[str]) -> int:
    """Run `pit send`."""
    options = parser("send", __doc__)
    add_place(options)
    options.add_argument(
        "directives", metavar="DIRECTIVE", nargs="*", help="a line; `-` reads stdin"
    )
    options.add_argument("-f", "--file", metavar="FILE", help="read the lines from a file")
    options.add_argument("--again", metavar="MAIL", help="send a kept mail as it is")
    options.add_argument(
        "--unchecked", action="store_true", help="leave it to the notary to find what is wrong"
    )
    args = options.parse_args(argv)
    given = [bool(args.directives), args.file is not None, args.again is not None]
    if sum(given) != 1:
        raise UsageError("write one of DIRECTIVE …, `-`, -f FILE, --again MAIL")
    place = place_of(args)
    if args.again is not None:
        send_again(place, args.again)
        return 0
    if args.file is not None:
        text = read_text(args.file)
    else:
        text = read_text("-") if args.directives == ["-"] else "\n".join(args.directives)
    send(place, text, checked=not args.unchecked)
    return 0
