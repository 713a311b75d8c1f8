#!/usr/bin/env bash
# Check one entry of a pit's archive, and the seal over it, with grep, sed, sha256sum and gpg alone.
#
# usage: by-hand.sh ARCHIVE PIT N        (ARCHIVE: the folder with 0000000001.mbox)
#
# Every key is taken from the archive itself: the charter's first, then those of `admit`. So what is
# proven hangs on the pit's id, which is printed last: compare it with the one you know.
set -euo pipefail
[ $# = 3 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 64; }
folder=$1 pit=$2 number=$3

work=$(mktemp -d)
export GNUPGHOME=$work/keys
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all; rm -rf "$work"' EXIT
cat "$folder"/*.mbox > "$work/archive"

equal() { # what, found, right
    [ "$2" = "$3" ] || { echo "$1: WRONG: $2 is not $3"; exit 65; }
    echo "$1: ok"
}
hash() { sha256sum | cut -c 1-64; }
bytes() { printf "$(sed 's/../\\x&/g')"; } # hex to bytes

# 1. Cut the archive into entries: N.stamp (six lines), N.mail (as it came), N.text (as signed).
cut_entry() { # number
    local start length
    start=$(grep -n "^From $1@$pit.pit " "$work/archive" | cut -d : -f 1)
    sed -n "$((start + 1)),$((start + 6))p" "$work/archive" > "$work/$1.stamp"
    length=$(sed -n 's/^Pit-Mail: \([0-9]*\) .*/\1/p' "$work/$1.stamp")
    sed -n "$((start + 7)),\$p" "$work/archive" | sed 's/^>\(>*From \)/\1/' |
        { head -c "$length"; cat > /dev/null; } > "$work/$1.mail"
}
field() { sed -n "s/^Pit-$2: //p" "$work/$1.stamp"; } # number, name

# 2. Verify a mail with gpg, and compare everything that its stamp says of it.
check_mail() { # number
    local n=$1
    grep -q '^-----BEGIN PGP SIGNED MESSAGE-----$' "$work/$n.mail" ||
        { echo "$n is not clearsigned; \`pit print $n\` says how to check it"; exit 69; }
    equal "$n Pit-Mail, $(field "$n" Mail | cut -d ' ' -f 1) bytes" \
        "$(hash < "$work/$n.mail")" "$(field "$n" Mail | cut -d ' ' -f 2)"
    gpg --batch -q --status-fd 3 --yes -o "$work/$n.text" --decrypt "$work/$n.mail" \
        3> "$work/$n.status" 2> /dev/null || true
    equal "$n signature, of $(field "$n" Signer | cut -d ' ' -f 1)" \
        "$(sed -n 's/^\[GNUPG:\] VALIDSIG .* //p' "$work/$n.status")" \
        "$(field "$n" Signer | cut -d ' ' -f 2)"
    equal "$n Pit-Text" "$(hash < "$work/$n.text")" "$(field "$n" Text)"
}

# 3. The keys: every block that stands, indented, below `operator-key:`, `notary-key:` or `key:`.
sed -n '/^    -----BEGIN PGP PUBLIC KEY/,/^    -----END PGP PUBLIC KEY/{s/^    //;p}' \
    "$work/archive" | gpg --batch -q --import 2> /dev/null ||
    { echo "no key stands here as it is; \`pit print\` says how to check an entry"; exit 69; }

# 4. The chain: each stamp's Pit-Prev is the sha256 of the stamp before it.
last=$(grep -c "^From [0-9]*@$pit.pit " "$work/archive")
previous=$(printf '0%.0s' {1..64})
for ((n = 1; n <= last; n++)); do
    cut_entry "$n"
    [ "$(field "$n" Prev)" = "$previous" ] || equal "$n Pit-Prev" "$(field "$n" Prev)" "$previous"
    previous=$(hash < "$work/$n.stamp")
done
echo "1..$last Pit-Prev: ok"
[ "$number" -le "$last" ] || { echo "entry $number does not stand"; exit 66; }

# 5. The entry itself, and the first seal after it.
seal=$number
while ((seal <= last)) && ! grep -q "^seal $((seal - 1))\$" "$work/$seal.mail"; do
    seal=$((seal + 1))
done
[ "$seal" -le "$last" ] || { echo "entry $number is not sealed"; exit 65; }
check_mail "$number"
[ "$seal" = "$number" ] || check_mail "$seal"

# 6. The root over the stamps 1..seal-1 (RFC 6962, 2.1): a leaf is the sha256 of 00 and the stamp, a
#    node that of 01, its left and its right; on the left as many leaves as fit a power of two.
root_of() { # first, count
    local half=1
    if (($2 == 1)); then
        { printf '\0'; cat "$work/$1.stamp"; } | hash
        return
    fi
    while ((half * 2 < $2)); do half=$((half * 2)); done
    printf '01%s%s' "$(root_of "$1" "$half")" "$(root_of $(($1 + half)) $(($2 - half)))" |
        bytes | hash
}
equal "root of 1..$((seal - 1))" "$(root_of 1 $((seal - 1)))" \
    "$(sed -n 's/^  root: //p' "$work/$seal.text")"

[ "$number" = 1 ] || check_mail 1
echo "the pit's id, Pit-Text of entry 1: $(field 1 Text)"
