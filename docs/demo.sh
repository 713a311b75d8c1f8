#!/usr/bin/env bash
# A pit that trades, end to end. `make demo` runs this.
#
# Every command is printed before it runs, and everything shown is made by the commands shown. The
# pit is made anew in ./demo (or in the folder that is named as argument) and stays there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=${1:-demo}
if [ -e "$folder" ]; then
    [ -d "$folder/pits/acme" ] || { echo "demo: $folder is there and is no demo" >&2; exit 73; }
    rm -rf "$folder"
fi
export PIT_HOME="$folder" LC_ALL=C.UTF-8
unset PIT PIT_AS

end_agents() {
    for keys in "$folder"/wallets/*/gnupg "$folder"/pits/*/gnupg; do
        gpgconf --homedir "$(realpath "$keys")" --kill all 2>/dev/null || true
    done
}
trap end_agents EXIT

say() { echo; printf '# %s\n' "$@"; }
run() { sed '1s/^/$ /; 2,$s/^/> /' <<<"$1"; eval "$1" 2>&1; }

say "A club opens a pit. Its treasurer is operator, cashier, issuer and keeper; a notary stamps."
run 'pit new acme --currency EUR'

say "A specialist and three members make their keys; the operator admits them by signed mail."
run 'for who in sam alice bob carol; do pit key make $who $who@example.org 2>/dev/null; done'
run 'pit key show --as sam | pit admit sam sam@example.org - --roles specialist >/dev/null'
run 'for who in alice bob carol; do
  pit key show --as $who | pit admit $who $who@example.org - >/dev/null
done'

say "The treasurer lists a share, issues it, hands some out, and books what was paid in." \
    "What is signed is shown."
run "pit send --as operator 'ticker ACME \"Acme Inc.\"' '  currency: EUR' '  tick: 0.01' \\
  '  lot: 1' '  specialist: sam'"
run "pit send --as operator 'issue 1000 ACME' 'transfer 300 ACME to bob' \\
  'transfer 200 ACME to carol' 'deposit alice 2000.00 EUR' 'deposit carol 500.00 EUR'"

say "A turn: the notary stamps what waits, positions and match publish what they owe, until" \
    "nothing is new."
run 'pit turn'

say "Members mail clearsigned orders."
run 'pit sell --as bob 60 ACME 12.40'
run 'pit sell --as carol 80 ACME 12.60 --ref spring'
run 'pit buy --as alice 100 ACME 12.50 --until 2099-12-31 --ref retirement-7'

say "Somebody changes the quantity in Alice's mail on its way. It goes into quarantine, in silence:" \
    "who does not prove to be a member gets no answer."
run "sed 's/^buy 100 /buy 900 /' $folder/wallets/alice/sent/*.eml | pit deliver"

say "Carol's own program writes a comma. Her signature is good, so she is told what is wrong."
run "pit send --as carol --unchecked 'buy 10 ACME @ 12,50'"

say "Alice orders more than she can pay: for the keeper to answer, with the arithmetic."
run 'pit buy --as alice 500 ACME 12.45'
run 'pit turn'
run "grep -h -A 1 '^Pit-Refused' $folder/pits/acme/quarantine/new/*"
run 'pit inbox --as carol'

say "Everything is in the archive: orders, answers, fills, seals. One directive a line:"
run "pit lines | cut -f 1,3,4 | sed -n '/ticker/,\$p' | grep -v -P '\\tnotary\\t'"

say "What follows from it, worked out anew by anybody who can read it:"
run 'pit show book'
run 'pit show tape'
run 'pit show holdings'
run 'pit statement alice'

say "Alice's order as it stands: the notary's stamp in six lines, then her mail, byte for byte."
order=$(pit lines | grep -P '\talice\tbuy 100 ' | cut -f 1)
run "pit cat $order"

say "The audit believes nobody: it needs the archive and the pit's id."
run 'pit audit'

home=$(realpath "$folder")
cat <<END

The pit stays in $home. Three commands to try next:

  export PIT_HOME=$home PATH=$PWD/.venv/bin:\$PATH
  pit sell --as bob 40 ACME 12.50 && pit turn && pit show tape
  pit lines | grep -P '^$order\\t|/$order\\b'
  pit cat $order --mail | gpg --homedir \$PIT_HOME/wallets/alice/gnupg --verify
END
