"""A member's side: compose, sign, send, keep receipts."""
