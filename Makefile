# `make` lists what there is. Everything that needs Python makes .venv first, once for each lock.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo ui sql reset test lint format lock
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH

RUN := .venv/bin/python -m
VENV := .venv/installed.txt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV) ## run the whole pipeline here, no Docker: AS_OF=2024-09-02 for another day, DATA_DIR=path for your files
	@$(RUN) cli.demo $(if $(AS_OF),--as-of "$(AS_OF)") $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

ui: $(VENV) ## serve Airflow's UI on the demo's databases until Ctrl-C
	@$(RUN) cli.ui

export Q
sql: $(VENV) ## ask the warehouse: Q="select ...", as bi_reader; AS=admin for the owner
	@$(RUN) cli.sql "$$Q" $(if $(AS),--as "$(AS)")

reset: $(VENV) ## forget all local data
	@$(RUN) cli.reset

test: $(VENV) lint ## lint, then every test on real embedded servers
	@.venv/bin/pytest -n 2 --dist loadfile

lint: $(VENV) ## check style of Python and SQL
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/sqlfluff lint --disable-progress-bar --processes 2 dbt

format: $(VENV) ## mend the style
	@.venv/bin/ruff check --fix --quiet; .venv/bin/ruff format
	@.venv/bin/sqlfluff fix --disable-progress-bar --quiet dbt

lock: $(VENV) ## bring requirements*.txt up to date with requirements*.in
	@cli/lock

$(VENV): requirements-dev.txt cli/setup
	@cli/setup
