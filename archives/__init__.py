"""The record: language, amounts, entry, mbox, store, Merkle tree, seals, checkpoints."""
