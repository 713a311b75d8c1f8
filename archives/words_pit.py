"""The core words about the pit itself (LANGUAGE, The pit)."""

from pit.archives.verbs import Verb

__all__ = ["PIT"]

PIT = (
    Verb(
        "charter",
        "{title:text}",
        "Founds the pit; entry 1.",
        who=["operator"],
        keys={
            "operator-key": "block",
            "notary-key": "block",
            "mail": "addresses",
            "list": "addresses",
            "recovery": "fingerprint",
        },
        needed=["operator-key", "notary-key"],
    ),
    Verb(
        "admit",
        "{handle:handle} {fingerprint:fingerprint}",
        "Makes a member; `key` is the public key itself.",
        who=["operator"],
        keys={"mail": "addresses", "roles": "names", "key": "block"},
        needed=["mail", "key"],
    ),
    Verb(
        "suspend",
        "{handle:handle}",
        "Takes a member's right to sign until `restore`; working orders are cancelled.",
        who=["operator"],
    ),
    Verb("restore", "{handle:handle}", "Ends a suspension.", who=["operator"]),
    Verb(
        "expel",
        "{handle:handle}",
        "Ends a membership for good; working orders are cancelled.",
        who=["operator"],
    ),
    Verb(
        "rekey",
        "{handle:handle} {fingerprint:fingerprint}",
        "The handle's key from the next entry; with the fingerprint that it has, a newer "
        "certificate of the same key. Said by its owner, another key waits for his `confirm`; the "
        "operator says it for all others, `notary` included; the charter's recovery key, alone in "
        "a text with `recovery-key`, for the operator.",
        who=["member"],
        keys={"key": "block", "recovery-key": "block"},
        needed=["key"],
    ),
    Verb(
        "confirm",
        "{handle:handle}",
        "Signed with the key that the handle's last `rekey` brought, alone in a text: it is his "
        "key from the next entry.",
        who=["member"],
    ),
    Verb(
        "revoke-key",
        "{handle:handle}",
        "A key that is or was the handle's signs nothing here from the next entry; `certificate`, "
        "a revocation certificate, proves it, whoever says it.",
        who=["member"],
        keys={"certificate": "block"},
        needed=["certificate"],
    ),
    Verb("grant", "{role:name} to {handle:handle}", "Gives a role.", who=["operator"]),
    Verb("revoke", "{role:name} from {handle:handle}", "Takes a role.", who=["operator"]),
    Verb(
        "rule",
        "{name:name} {value:rest}",
        "Sets a parameter of the pit, from the next entry.",
        who=["operator"],
    ),
    Verb(
        "asset",
        "{code:asset} {name:text}",
        "A currency of the pit.",
        who=["operator"],
        keys={"decimals": "natural", "kind": "=currency"},
    ),
    Verb(
        "specialist",
        "{ticker:asset} {handle:handle}",
        "Who publishes for a ticker, from the next entry.",
        who=["operator"],
    ),
    Verb(
        "halt",
        "{ticker:asset}",
        "Nothing trades until `resume`; orders are kept.",
        who=["operator"],
    ),
    Verb("resume", "{ticker:asset}", "Ends a halt, or a call phase.", who=["operator"]),
    Verb(
        "auction",
        "{ticker:asset} until {time:time}",
        "A call phase: orders are kept, and trade at one price when that time has come.",
        who=["operator"],
    ),
    Verb(
        "bust",
        "{fill:reference} {why:text}",
        "Undoes a fill that stands, once the keeper of each side has accepted that; what became "
        "of the orders stays.",
        who=["operator"],
    ),
    Verb(
        "keeper",
        "{shard:shard} {handle:handle}",
        "Who keeps shard K of N, from the next entry in which all N have a keeper.",
        who=["operator"],
    ),
    Verb(
        "witness",
        "{handle:handle} {where:text}",
        "Where this witness publishes what he has seen: a path or URL out of the notary's reach; "
        "the last one said counts.",
        who=["operator"],
    ),
    Verb(
        "adopt",
        "{report:reference}",
        "Takes a divergent report as it stands; the filter goes on from there.",
        who=["operator"],
    ),
)
