# `make demo` shows a pit at work, `make test` checks everything. Both set up what they need first:
# a machine with git, make and python3 >= 3.11 is enough. Settings of the environment (proxy, PIP_*,
# SSL_*) are passed on as they are.

PYTHON = python3
ROOMS  = archives pits filters moderator wallet
BIN    = .venv/bin

# The system's part, in the names of Debian and Ubuntu.
APT    = gnupg mairix rsync sqlite3 strace hledger ledger openssh-server mutt rnp python3-venv ca-certificates $(MTA)
TOOLS  = gpg mairix rsync sqlite3 strace hledger ledger sshd mutt rnp $(MTA)
# Postfix, which the tests run with a folder, a queue and a port of their own: installed without a
# configuration it starts nothing. Where there is a mail server already, that one stays, and without
# Postfix the tests that need it are skipped.
MTA    = $(if $(wildcard /usr/sbin/sendmail),,postfix)
NONE   = echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
SYSTEM = apt-get update; $(if $(MTA),$(NONE);) DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(APT)

.PHONY: demo test faults fuzz oracle lint docs bench mailman clean

demo: .venv/ready
	PATH="$(CURDIR)/$(BIN):$$PATH" docs/demo.sh

test: lint .venv-mailman/ready
	$(BIN)/pytest -q -n 2 tests

# Some 20 minutes: every fault, each counted where it really fired (the figures stand at the end).
faults: .venv/ready
	$(BIN)/pytest -q -n 2 -m long tests --ignore tests/faults --ignore tests/filters
	$(BIN)/pytest -q -n 2 -m "long or not long" -k "not sample" tests/faults

# Some 20 minutes: 10^6 inputs, the first of them the hostile mails of tests/mails. Where there is no
# atheris for this Python, Hypothesis does what it can.
fuzz: .venv/ready
	-$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[fuzz]'
	$(BIN)/python -m tests.fuzz

# 10,000 sessions of every kind of order, worked by `match` and by a naive book, and more of every law:
# some 7 minutes.
oracle: .venv/ready
	$(BIN)/pytest -q -n 2 -m long tests/filters

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	MYPYPATH=.venv/typed $(BIN)/mypy --strict -p pit
	$(BIN)/lint-imports --no-logo

docs: .venv/ready
	$(BIN)/python docs/generate.py

bench: .venv/ready
	@for file in benchmarks/*.py; do $(BIN)/python "$$file" || exit; done

# A Mailman core on loopback, to look at; it says where, and Ctrl-C ends it.
mailman: .venv/ready .venv-mailman/ready
	$(BIN)/python -m tests.mailman.core .mailman

clean:
	rm -rf .venv .venv-mailman .mailman .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

# Entry points and versions live in these three files: when one changes, the project is installed
# anew, and what is installed already stays. setuptools comes first because the project is built with
# the pinned one (--no-build-isolation). mypy cannot see an editable install of mapped packages: it
# gets links.
.venv/ready: setup.cfg pyproject.toml constraints.txt
	@set -e; PATH="$$PATH:/usr/sbin"; \
	lacks() { for name in $(TOOLS); do command -v $$name || return 0; done; \
		! $(PYTHON) -c 'import ensurepip'; }; \
	ask() { echo "make: one of $(TOOLS) or Python's ensurepip is missing; as root, run: $$1" >&2; exit 1; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: Python 3.11 or newer is needed; say which: make PYTHON=python3.12" >&2; exit 1; }; \
	if lacks >/dev/null 2>&1; then \
		command -v apt-get >/dev/null || ask "your system's install command for $(APT)"; \
		if [ "$$(id -u)" = 0 ]; then sh -c '$(SYSTEM)'; \
		elif command -v sudo >/dev/null; then sudo -E sh -c '$(SYSTEM)' || ask '$(SYSTEM)'; \
		else ask '$(SYSTEM)'; fi; \
	fi
	test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt setuptools wheel
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[test]'
	rm -rf tradingpit.egg-info  # an older table of verbs in it would be found before the new one
	mkdir -p .venv/typed/pit
	for room in $(ROOMS); do ln -sfn "../../../$$room" ".venv/typed/pit/$$room"; done
	touch $@

# Mailman in a venv of its own: the tests run it as a program, with its own versions of things.
.venv-mailman/ready: constraints-mailman.txt | .venv/ready
	test -x .venv-mailman/bin/pip || $(PYTHON) -m venv --clear .venv-mailman
	.venv-mailman/bin/pip install -q --disable-pip-version-check -c constraints-mailman.txt mailman
	touch $@
