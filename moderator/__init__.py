"""The notary: take mail in, decide, stamp, append, seal, reply."""
