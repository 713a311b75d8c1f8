# `make demo` shows a pit at work, `make test` checks everything. Both set up what they need first:
# a machine with git, make and python3 >= 3.11 is enough. Settings of the environment (proxy, PIP_*,
# SSL_*) are passed on as they are.

PYTHON = python3
ROOMS  = archives pits filters moderator wallet
BIN    = .venv/bin

# The system's part, in the names of Debian and Ubuntu.
APT    = gnupg mairix rsync sqlite3 strace hledger ledger python3-venv ca-certificates
TOOLS  = gpg mairix rsync sqlite3 strace hledger ledger
SYSTEM = apt-get update; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(APT)

.PHONY: demo test faults oracle lint docs bench clean

demo: .venv/ready
	PATH="$(CURDIR)/$(BIN):$$PATH" docs/demo.sh

test: lint
	$(BIN)/pytest -q -n 2 tests

# Some 20 minutes: every fault, each counted where it really fired (the figures stand at the end).
faults: .venv/ready
	$(BIN)/pytest -q -n 2 -m long tests --ignore tests/faults --ignore tests/filters
	$(BIN)/pytest -q -n 2 -m "long or not long" -k "not sample" tests/faults

# 10,000 sessions of every kind of order, worked by `match` and by a naive book: some 5 minutes.
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

clean:
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

# Entry points and versions live in these three files: when one changes, the project is installed
# anew, and what is installed already stays. setuptools comes first because the project is built with
# the pinned one (--no-build-isolation). mypy cannot see an editable install of mapped packages: it
# gets links.
.venv/ready: setup.cfg pyproject.toml constraints.txt
	@set -e; \
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
