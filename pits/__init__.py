"""What a pit is: charter, members, roles, home folder, OpenPGP, spool, the `pit` command."""
