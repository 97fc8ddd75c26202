# Every command of this project. Each works in a fresh checkout: the environment is built when it is missing or stale.

PYTHON ?= python3
BIN := .venv/bin
PROCESSES ?= 2
export PYTHONUTF8 := 1

RUNTIME = @command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer." >&2; exit 1; }; \
	$(PYTHON) config/environment.py runtime
DEVELOPMENT = $(subst runtime,development,$(RUNTIME))

# `check --deploy` looks at the settings of a server on the internet; these values only satisfy it.
AS_IN_PRODUCTION = env -u DEMO -u DEBUG SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	ALLOWED_HOSTS=ronghe.example.edu.cn DATABASE_URL=postgres://ronghe@db/ronghe SITE_URL=https://ronghe.example.edu.cn \
	TRUSTED_PROXIES=1

.DEFAULT_GOAL := help
.PHONY: help run test check fix e2e smoke matrix bench chaos messages environment

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: ## Start the site with demonstration data (PORT=8123 make run chooses the port); Ctrl-C stops it
	$(RUNTIME)
	@exec $(BIN)/python -m config.run

test: ## Run the quick tests
	$(DEVELOPMENT)
	@$(BIN)/pytest -q -n $(PROCESSES) $(ARGS)

check: ## Look at style, imports, templates, migrations, messages and the production settings
	$(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports --no-logo
	env DEBUG=1 $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/pytest -q -p no:randomly tests/test_messages.py
	$(AS_IN_PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

fix: ## Repair what can be repaired by itself: imports, format
	$(DEVELOPMENT)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

e2e: ## Walk through the site in a real browser
	$(DEVELOPMENT)
	@$(BIN)/pytest -q -m e2e tests/e2e $(ARGS)

smoke: ## Start gunicorn, worker, beat, Redis and PostgreSQL as in production
	$(DEVELOPMENT)
	@$(BIN)/pytest -q -m smoke tests/smoke $(ARGS)

matrix: ## Ask every address as every person about everybody's objects
	$(DEVELOPMENT)
	@$(BIN)/pytest -q -n $(PROCESSES) -m matrix tests/test_matrix.py $(ARGS)

bench: ## Measure, and write docs/benchmarks.md
	$(DEVELOPMENT)
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: ## Kill processes at bad moments and watch the recovery
	$(DEVELOPMENT)
	@$(BIN)/pytest -q -m chaos tests/chaos $(ARGS)

messages: ## Collect the texts to translate and compile the translations (needs gettext)
	$(DEVELOPMENT)
	env DEBUG=1 $(BIN)/python manage.py makemessages --all --no-location --no-obsolete --ignore=.venv --ignore=var
	env DEBUG=1 $(BIN)/python manage.py compilemessages --ignore=.venv

environment: ## Build the environment for development
	$(DEVELOPMENT)
