# `make` lists what there is. What needs Python makes .venv first, once for each lock; `make up` needs Docker only.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo ui up down run publications rollback sql quarantine replay reconcile logs ps reset doctor docs data-model test test-compose bench bench-star lint format lock
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH
# To make, AS is the assembler; here it is who asks.
ifeq ($(origin AS),default)
AS :=
endif
# People's queries and paths reach the shell as variables: nothing in them is run.
export Q AS AS_OF DATA_DIR YES SIZE ROUNDS

PYTHON_RUN := .venv/bin/python -m
VENV := .venv/installed.txt
RUN_ARGS = $(if $(AS_OF),--as-of "$$AS_OF") $(if $(DATA_DIR),--data-dir "$$DATA_DIR")

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV) ## run it all here, no Docker: AS_OF=2024-09-02 for another day, DATA_DIR=path for your files
	@$(PYTHON_RUN) cli.demo $(RUN_ARGS)

ui: $(VENV) ## serve Airflow's UI on the demo's databases until Ctrl-C
	@$(PYTHON_RUN) cli.ui

up: ## start everything in Docker, wait until it is healthy, print URLs and logins
	@cli/stack up

down: ## stop the Docker stack; its data stay
	@cli/stack down

run: ## trigger the pipeline on the stack that is up, and follow it: AS_OF, DATA_DIR as for demo
	@if cli/stack is-up; then cli/stack run $(RUN_ARGS); else $(MAKE) -s $(VENV) && $(PYTHON_RUN) cli.run $(RUN_ARGS); fi

publications: ## list what readers of trusted were given, and which version they see
	@if cli/stack is-up; then cli/stack publications; else $(MAKE) -s $(VENV) && $(PYTHON_RUN) cli.publications; fi

rollback: ## give readers of trusted the previous version again; once more takes it back
	@if cli/stack is-up; then cli/stack publications rollback; else $(MAKE) -s $(VENV) && $(PYTHON_RUN) cli.publications rollback; fi

sql: ## ask the warehouse: Q="select ...", as bi_reader; AS=admin for the owner
	@if cli/stack is-up warehouse; then cli/stack sql "$$Q" "$$AS"; else $(MAKE) -s $(VENV) && $(PYTHON_RUN) cli.sql "$$Q" $(if $(AS),--as "$$AS"); fi

quarantine: ## show which rows could not be loaded, and why
	@if cli/stack is-up; then cli/stack quarantine; else $(MAKE) -s $(VENV) && $(PYTHON_RUN) cli.quarantine; fi

replay: ## try the rows in quarantine again, after a rule or a row was mended
	@if cli/stack is-up; then cli/stack replay; else $(MAKE) -s $(VENV) && $(PYTHON_RUN) cli.replay; fi

reconcile: ## show how sources, raw and star compared in the last run
	@if cli/stack is-up; then cli/stack reconcile; else $(MAKE) -s $(VENV) && $(PYTHON_RUN) cli.reconcile; fi

logs: ## follow the logs of the Docker stack
	@cli/stack logs

ps: ## show the containers and their health
	@cli/stack ps

reset: ## forget all data, of Docker (asks first; YES=1 does not) and of the demo
	@cli/stack reset
	@if [ -e $(VENV) ]; then $(PYTHON_RUN) cli.reset; fi

docs: $(VENV) ## serve dbt's site of the data model, made from the demo's databases, until Ctrl-C: PORT=8081
	@$(PYTHON_RUN) cli.docs $(if $(PORT),--port "$$PORT")

docs: export PORT := $(PORT)

data-model: $(VENV) ## write lists and diagrams of models anew in docs, tests and README, after a change of models or tables
	@$(PYTHON_RUN) cli.data_model

doctor: ## say what `make up` lacks on this machine
	@cli/doctor

test: $(VENV) lint ## lint, then every test on real embedded servers
	@.venv/bin/pytest -n 2 --dist loadfile

test-compose: $(VENV) ## test the Docker stack from a clean copy, beside whatever runs
	@.venv/bin/pytest tests/compose

bench: $(VENV) ## measure extraction and load against psql: SIZE=2000000 rows, ROUNDS=3
	@$(PYTHON_RUN) benchmarks.extract_load

bench-star: $(VENV) ## measure dbt against plain SQL, a day's increment, a report's queries: SIZE=2000000, ROUNDS=5
	@$(PYTHON_RUN) benchmarks.star

lint: $(VENV) ## check the style of Python, SQL, shell, Dockerfile and Compose file
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/sqlfluff lint --disable-progress-bar --processes 2 dbt
	@.venv/bin/shellcheck cli/setup cli/lock cli/stack cli/doctor docker/apply-roles .ci/run
	@.venv/bin/hadolint Dockerfile
	@.venv/bin/compose-lint --quiet docker-compose.yml
	@if command -v docker >/dev/null; then docker compose --env-file /dev/null config --quiet; fi

format: $(VENV) ## mend the style
	@.venv/bin/ruff check --fix --quiet; .venv/bin/ruff format
	@.venv/bin/sqlfluff fix --disable-progress-bar --quiet dbt

lock: $(VENV) ## bring requirements*.txt up to date with requirements*.in
	@cli/lock

$(VENV): requirements-dev.txt cli/setup
	@cli/setup
