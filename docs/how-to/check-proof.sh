#!/usr/bin/env bash
# Check the hashes of the proofs in a file, by RFC 6962, 2.1. Their signatures: prove.md says how.
set -u; work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; N='[1-9][0-9]{0,14}' H='[0-9a-f]{64}'
hash() { sha256sum | sed 's/ .*//'; }; wrong() { echo "WRONG: $1"; exit 1; }
node() { printf "$(sed 's/../\\x&/g' <<< "01$1$2")" | hash; } # over what is left and right below it
tr -d '\r' < "$1" | awk -v to="$work/" '/^== / { at = $2 } /^== (stamp|since)$/ { f = to 1e6 + n++ }
    f { print > f } f && at == "seal" && /^-----END/ { close(f); f = "" }'; set -- "$work"/*
[ -f "$1" ] || wrong "there is no line \`== stamp\` or \`== since\`"
for proof; do # 1. what is proven, an entry's stamp or N ROOT; the seal's N and root
    kind=$(sed '1s/== //; q' "$proof") first="s/^($N) ($H)\$/\1 \2/p"
    leaf=$({ printf '\0'; sed '1d; /^== path$/,$d' "$proof"; } | hash)
    [ $kind = stamp ] && first="2s/^Pit-Entry: [a-z0-9-]+ ($N)\$/\1 $leaf/p"
    set -- $(sed -nE "$first; /^-----BEGIN PGP SIGNED/,/^-----BEGIN PGP SIGNATURE/{
        s/^(seal|  root:) ($N|$H)\$/\2/p; }" "$proof")
    [[ $* =~ ^$N\ $H\ $N\ $H$ ]] && (($1 <= $3)) || wrong "$kind: a number, a root, or the seal"
    what="$kind $1 ($2) below seal $3 (root $4)" n=$1 head=$2 root=$4 low=0 high=$3 old=$2 way=''
    for ((k = 1 << 50; k; k /= 2)); do # 2. the way down to it: a power of two of entries is left
        ((low + k < high)) && { [ $kind = stamp ] || ((high != n)); } || continue
        if ((n > low + k)); then way=L$way low=$((low + k)); else way=R$way high=$((low + k)); fi
    done
    sides=$(sed -nE "s/^([LR]) $H\$/\1/p" "$proof" | tr -d '\n') # 3. the hashes on the way up
    set -- $(sed -nE "s/^([LR] )?($H)\$/\2/p" "$proof")
    [ $kind = since ] && { sides+=$way; ((low)) && old=${1-} && shift; }
    [[ $#$sides = "${#way}$way" ]] || wrong "$what: hashes should be on these sides: ${way:-none}"
    i=0 new=$old; for h; do # of two trees; the older one has nothing more on the right
        [ ${way:i++:1} = R ] && new=$(node $new $h) || { old=$(node $h $old) new=$(node $h $new); }
    done
    [[ $new = "$root" && ($kind = stamp || $old = "$head") ]] || wrong "$what: they lead elsewhere"
    echo "ok: $what"
done
