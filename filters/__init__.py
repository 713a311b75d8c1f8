"""The specialists' and auditors' programs, one module a filter, and the runner they share."""
