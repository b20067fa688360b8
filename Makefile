# `make` lists what there is. What needs Python makes .venv first, once for each lock; `make up` needs Docker only.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo ui live dashboard export up down run backfill status publications plan rollback sql reports quarantine replay reconcile check-sources discover metric why logs ps reset doctor docs data-model source-models powerbi lineage lake lake-sql lake-dashboard lake-history lake-restore lake-rollback lake-maintain spark k8s-settings aws-local dagster test test-nightly test-dagster coverage test-unit test-aws test-streaming test-celery test-lake test-spark test-browser test-compose test-month pictures bench bench-star bench-catalogue bench-metrics bench-dashboard bench-scale bench-engines lint format lock
# What Python is to do is not the caller's shell's to say, but for which one it is. Texts are UTF-8 in any locale.
unexport $(filter-out PYTHON,$(filter PYTHON%,$(.VARIABLES)))
export PYTHONUTF8 := 1
# Nor libpq's, bash's and Compose's variables; settings are those of .env. What `python -m cli` takes over of all the
# others is the list in include/inherited.py.
unexport $(filter PG% BASH_FUNC_%,$(.VARIABLES)) BASH_ENV ENV CDPATH GLOBIGNORE POSIXLY_CORRECT SHELLOPTS BASHOPTS
unexport $(filter-out COMPOSE_PROJECT_NAME,$(filter COMPOSE_%,$(.VARIABLES)))
unexport $(filter AIRFLOW% ASK_% DAGSTER_% DASHBOARD_% AWS_% GENERATE_% KAFKA_% LAKE% MAX_% MONGO_% OPENLINEAGE_% OTEL_% POD_% POWER_BI_% REDIS_% RUN_DEADLINE_% SOURCE_% SPARK_% STREAM_% WAREHOUSE_%,$(.VARIABLES)) SOURCES NETWORK_INTERNAL PIPELINE_SCHEDULE ALERT_URLS
# To make, and to shells set up for a compiler, AS is the assembler; here it is who asks.
ifneq ($(filter default environment,$(origin AS)),)
AS := $(filter admin bi_reader,$(AS))
endif
# People's queries and paths reach the shell as variables: nothing in them is run.
export FROM TO REASON DAYS Q M BY WHERE COLUMN DAY WEEK AS AS_OF AT TABLE VERSION DATA_DIR OUT SOURCE YES SIZE SIZES ENGINES DOCUMENTS ROUNDS

CLI := ASKED_BY_MAKE=1 .venv/bin/python -m cli
LAKEHOUSE := .venv-lake/bin/python -m lakehouse
VENV := .venv/installed.txt
# Before what Ctrl-C may end: the command has told it, and make, told by the same signal, adds no line of errors. It must
# hear the signal before its child has ended.
QUIETLY := trap : INT; trap '[ $$? != 130 ] || { kill -INT $$PPID; sleep 0.2; exit 0; }' EXIT;
# The option of a variable: none where there is none, nor for one of the shell that is empty, as another make hands it on.
given = $(if $(filter command,$(origin $1))$($1),$2 "$$$1")
TOGETHER := -n 2 --dist loadfile --no-loadscope-reorder
UNIT_TESTS := tests/unit tests/powerbi tests/dags/test_dag_structure.py tests/dbt_project/test_manifest.py tests/dbt_project/test_data_model.py tests/dbt_project/test_portability.py

# make -f works on the folder from which it is called.
ifneq ($(if $(wildcard cli/setup),,$(findstring /,$(firstword $(MAKEFILE_LIST)))),)
$(error The commands work in the clone's folder: make -C $(dir $(firstword $(MAKEFILE_LIST))) $(MAKECMDGOALS))
endif
# What make would take and nobody reads: another size, or other systems, than what was meant.
SETTINGS := AIRFLOW_% ALERT_URLS ASK_% BI_% DAGSTER_% DASHBOARD_% DBT_% ELT_% GENERATE_% KAFKA_% LAKE LAKE_% MAX_% MONGO_% OPENLINEAGE_% OTEL_% POD_% POSTGRES_% POWER_BI_% REDIS_PASSWORD RUN_DEADLINE_% SOURCE_% SOURCES STREAM_% SPARK_UI_PORT WAREHOUSE_%
misplaced := $(foreach name,$(filter $(SETTINGS),$(.VARIABLES)),$(if $(findstring command,$(origin $(name))),$(name)))
ifneq ($(strip $(misplaced)),)
$(error $(strip $(misplaced)): a setting is read from .env only: write it there, and give make the command alone)
endif
# Rights that a copy lost, or a disk that has none: said once, and not by every script.
ifneq ($(findstring refused,$(shell [ ! -e cli/setup ] || [ -x cli/setup ] || echo refused)),)
$(error cli/setup may not be executed: clone onto a disk that is not mounted noexec, or, after a copy, chmod +x cli/setup cli/stack cli/doctor cli/lock)
endif

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## run it all here, no Docker: AS_OF=2024-09-02 for another day, DATA_DIR=path for your files, FULL_REFRESH=1
ui: ## serve Airflow's UI and the dashboard on the demo's databases, and watch inbox/, until Ctrl-C
live: ## play devices that report through Kafka, and serve the live page of the dashboard, until Ctrl-C: RATE=100 MINUTES=60
dashboard: ## serve the dashboard alone, the star looked at, until Ctrl-C
up: ## start everything in Docker, wait until it is healthy, print URLs and logins
down: ## stop the Docker stack; its data stay
run: ## trigger the pipeline on the stack that is up, and follow it: AS_OF, DATA_DIR, FULL_REFRESH as for demo
backfill: ## bring past days unseen, compare, and ask before readers see them: FROM=2024-08-01 TO=2024-08-31 REASON="why"
status: ## say what runs, what ran last, how fresh each table is, and what to do
publications: ## list what readers of trusted were given, and which version they see
plan: ## show what readers would see of the next star, before it is published
rollback: ## give readers of trusted the previous version again; once more takes it back
sql: ## ask the warehouse: Q="select ...", as bi_reader; AS=admin for the owner
metric: ## answer for a KPI: M=watch_hours BY=country,month WHERE="plan=Premium" (without M: list them)
why: ## say why a KPI moved: M=watch_hours DAY=2024-08-30, or WEEK= and any day of it
export: ## write the dashboard's pages into a folder that opens from disk: OUT=export
reports: ## list the daily KPI reports, in data/reports; from Docker they are brought there
quarantine: ## show which rows could not be loaded, and why
replay: ## try the rows in quarantine again, after a rule or a row was mended
check-sources: ## say what the reader sees of each source, and the SQL that an administrator runs for the rest
reconcile: ## show how sources, raw and star compared in the last run
discover: ## propose entries for include/sources.yml: SOURCE=id of a connection (without it: which there are)
logs: ## follow the logs of the Docker stack
ps: ## show the containers and their health
reset: ## forget all data, of Docker (asks first; YES=1 does not) and of the demo
docs: ## serve dbt's site of the data model, made from the demo's databases, until Ctrl-C: PORT=8081
data-model: ## write anew what documents and tests repeat of models and tables, after a change of them
powerbi: ## write the Power BI project anew, after a change of models, metrics or pages
lineage: ## say what breaks with a column: COLUMN=users.csv:country (without it: write docs/lineage.md anew)
pictures: ## make the screenshots of README and docs anew from a demo of three days; needs chromium
lake: ## bring what changed in raw, or in files (DATA_DIR=path AS_OF=day), into Delta tables, build the star there, publish it
lake-sql: ## ask the lake: Q="select ..." AS_OF=publication or time (without Q: list publications and tables)
lake-dashboard: ## serve the dashboard's pages of the star that readers of the lake see, until Ctrl-C
lake-history: ## list the versions of a Delta table: TABLE=silver.postgres_users
lake-restore: ## make a Delta table what it was: TABLE=silver.postgres_users VERSION=3, or AT=2024-09-02T06:00
lake-rollback: ## give readers of the lake the previous publication again; once more takes it back
lake-maintain: ## write small files of the lake together, and remove those that no kept publication needs
k8s-settings: ## print what .env says as a ConfigMap and a Secret for kubectl: docs/workers.md
aws-local: ## run the lake's pipeline of AWS on an emulator, and print the star's checksums: AS_OF=2024-09-02, DATA_DIR=path
spark: ## build the star as Iceberg tables on a Spark cluster: the Docker stack's when that is up, else one of processes here
source-models: ## write dbt's sources anew from include/sources.yml, and a draft of each staging model that is missing

ARGUMENTS :=
# What make would pass over in silence: another day, or other files, than what was meant.
MISSPELT := as_of as-of asof AS-OF ASOF data_dir data-dir datadir DATA-DIR DATADIR full_refresh full-refresh FULL-REFRESH FULLREFRESH
refused = $(if $(filter $(MISSPELT),$(.VARIABLES)),$(error $(filter $(MISSPELT),$(.VARIABLES)) is nothing that make knows: AS_OF, DATA_DIR and FULL_REFRESH are))
refused += $(if $(filter-out 0 1 true false,$(FULL_REFRESH)),$(error FULL_REFRESH must be 1 or 0, not $(FULL_REFRESH)))
ifneq ($(filter demo run,$(MAKECMDGOALS)),)
$(strip $(refused))
endif
SERVICE := airflow-scheduler
# cli/stack looks for --data-dir at the end.
demo run: ARGUMENTS = $(if $(filter 1 true,$(FULL_REFRESH)),--full-refresh) $(call given,AS_OF,--as-of) $(call given,DATA_DIR,--data-dir)
backfill: ARGUMENTS = $(call given,FROM,--from) $(call given,TO,--to) $(call given,REASON,--reason)
sql: SERVICE := warehouse
export: SERVICE := dashboard
sql: ARGUMENTS = "$$Q" $(if $(AS),--as "$$AS")
metric: ARGUMENTS = $(if $(M),"$$M") $(call given,BY,--by) $(call given,WHERE,--where)
why: ARGUMENTS = $(if $(M),"$$M") $(call given,DAY,--day) $(call given,WEEK,--week)
export: ARGUMENTS = $(if $(OUT),"$$OUT")
discover: ARGUMENTS = $(if $(SOURCE),"$$SOURCE")
ui dashboard: ARGUMENTS = $(if $(findstring command,$(origin PORT)),$(error PORT is that of make docs: write AIRFLOW_PORT or DASHBOARD_PORT into .env))
lineage: ARGUMENTS = $(if $(COLUMN),"$$COLUMN")
live: ARGUMENTS = $(call given,RATE,--rate) $(call given,MINUTES,--minutes)
docs: ARGUMENTS = $(if $(PORT),--port "$$PORT")
lake aws-local: ARGUMENTS = $(call given,DATA_DIR,--data-dir) $(call given,AS_OF,--as-of)
lake-sql: ARGUMENTS = $(if $(Q),"$$Q") $(call given,AS_OF,--as-of)
lake-history: ARGUMENTS = "$$TABLE"
lake-restore: ARGUMENTS = "$$TABLE" "$${VERSION:-$$AT}"
docs: export PORT := $(PORT)

# Always here, in .venv.
demo ui dashboard docs data-model source-models powerbi lineage pictures k8s-settings: $(VENV)
	@$(QUIETLY) $(CLI) $@ $(ARGUMENTS)

live:
	@$(QUIETLY) if cli/stack is-up warehouse; then cli/stack $@ $(ARGUMENTS); else $(MAKE) -s $(VENV) && cli/setup streaming && $(CLI) $@ $(ARGUMENTS); fi

# In the Docker stack when it is up, else here.
run backfill status publications plan rollback sql quarantine replay reconcile check-sources discover metric why export:
	@$(QUIETLY) if cli/stack is-up $(SERVICE); then cli/stack $@ $(ARGUMENTS); else $(MAKE) -s $(VENV) && $(CLI) $@ $(ARGUMENTS); fi

# The warehouse of the Docker stack when that is up, else the demo's.
lake:
	@cli/setup lake
	@$(QUIETLY) $(LAKEHOUSE) build $(ARGUMENTS) $$(cli/stack is-up warehouse && echo --host 127.0.0.1)

lake-sql lake-dashboard lake-history lake-restore lake-rollback lake-maintain:
	@cli/setup lake
	@$(QUIETLY) $(LAKEHOUSE) $(@:lake-%=%) $(ARGUMENTS)

aws-local:
	@cli/setup aws
	@$(QUIETLY) .venv-aws/bin/python -m aws local $(ARGUMENTS)

# On the Docker stack's cluster when the stack is up, else on one of processes, from the demo's databases.
spark:
	@$(QUIETLY) if cli/stack is-up warehouse; then cli/stack spark; else $(MAKE) -s $(VENV) && cli/setup spark && $(CLI) spark; fi

up down logs ps reports:
	@$(QUIETLY) cli/stack $@

reset:
	@$(QUIETLY) cli/stack reset
	@$(QUIETLY) if cli/setup works; then $(CLI) reset; elif [ -e .local ]; then $(MAKE) -s $(VENV) && $(CLI) reset; fi

dagster: $(VENV) ## serve the pipeline as Dagster's assets on the demo's databases, until Ctrl-C
	@cli/setup dagster
	@$(QUIETLY) $(CLI) dagster

test-dagster: $(VENV) ## the assets: on resources in memory, and as runs on real servers
	@cli/setup dagster
	@.venv-dagster/bin/pytest tests/dagster_project

doctor: ## say what `make up` lacks on this machine
	@cli/doctor

test: $(VENV) lint ## lint, then every test on real embedded servers
	@.venv/bin/pytest $(TOGETHER)

test-nightly: $(VENV) ## what is too long for each commit: the runbook, backfills and kills on a real Airflow, the star on S3, Spark in Docker
	@cli/setup lake
	@.venv/bin/pytest $(TOGETHER) -m nightly
	@.venv-lake/bin/pytest -n 2 --dist loadfile -m nightly tests/lakehouse
	@cli/setup spark
	@.venv/bin/pytest -m nightly tests/spark
	@if docker info >/dev/null 2>&1; then .venv/bin/pytest -m nightly tests/compose; else echo 'Left out without Docker: what is of Compose'; fi

coverage: $(VENV) ## the same tests, and what they cover: on Python 3.11 a fifth to a half slower
	@.venv/bin/pytest $(TOGETHER) --cov --cov-report=term

test-unit: $(VENV) ## the tests that need no server: under two minutes
	@.venv/bin/pytest -n 2 --dist loadfile $(UNIT_TESTS)

test-streaming: ## events through a real broker into a real warehouse, both killed now and then: EVENTS=100000
	@cli/setup streaming
	@EVENTS=$${EVENTS:-100000} .venv-streaming/bin/pytest tests/streaming

test-celery: ## the pipeline on two workers that take tasks from queues, one of them killed; and the pods of Kubernetes
	@cli/setup celery
	@.venv-celery/bin/pytest tests/celery

test-aws: ## the pipeline of AWS on an emulator, its template and its policies
	@cli/setup aws
	@.venv-aws/bin/pytest tests/aws

test-lake: ## the lakehouse on real files, a real warehouse and a local S3
	@cli/setup lake
	@.venv-lake/bin/pytest -n 2 --dist loadfile tests/lakehouse

test-spark: $(VENV) ## the star on a Spark cluster of processes, compared with PostgreSQL's; windows with Quix Streams'
	@cli/setup spark
	@cli/setup streaming
	@.venv/bin/pytest tests/spark

# make lesson 3 is make lesson N=3: the number is a target too, which does nothing.
LESSONS := 1 2 3 4 5 6 7 8 9 10 11 12
ifneq ($(filter lesson,$(MAKECMDGOALS)),)
.PHONY: $(LESSONS)
$(LESSONS):
	@:
endif
.PHONY: lesson test-lessons
# Not the shell's N.
lesson: export N := $(filter $(LESSONS),$(MAKECMDGOALS))
lesson: $(VENV) ## begin a lesson, and check it: make lesson 3, HINT=1, AGAIN=1 (without a number: list the twelve)
	@$(QUIETLY) .venv/bin/python -m lessons $(if $(N),"$$N") $(if $(filter 1 true,$(HINT)),--hint) $(if $(filter 1 true,$(AGAIN)),--again)

test-lessons: $(VENV) ## every lesson red, with its hint, and green
	@cli/setup lake
	@cli/setup spark
	@cli/setup streaming
	@.venv/bin/pytest -n 2 --dist worksteal tests/lessons/test_lessons.py

test-browser: $(VENV) ## use the dashboard in chromium, with axe as the judge; needs chromium, node and npm
	@npm ci --prefix tests/browser --ignore-scripts --silent --no-audit --no-fund
	@.venv/bin/pytest tests/browser

test-compose: $(VENV) ## test the Docker stack from a clean copy, beside whatever runs
	@.venv/bin/pytest tests/compose

test-month: $(VENV) ## hold that a backfill of a month of days gives the star of the daily runs: DAYS=31
	@DAYS=$${DAYS:-31} .venv/bin/pytest --durations=4 -m nightly tests/integration/publish/test_backfill.py

bench: $(VENV) ## measure loads of PostgreSQL, files and MongoDB: SIZE=2000000 rows, DOCUMENTS=200000, ROUNDS=5
	@$(QUIETLY) .venv/bin/python -m benchmarks.extract_load && .venv/bin/python -m benchmarks.catalogue

bench-star: $(VENV) ## measure dbt against plain SQL, a day's increment, a report's queries: SIZE=2000000, ROUNDS=5
	@$(QUIETLY) .venv/bin/python -m benchmarks.star

bench-catalogue: $(VENV) ## of these MongoDB only, against a scan, a plain script and sling
	@$(QUIETLY) .venv/bin/python -m benchmarks.catalogue

bench-metrics: $(VENV) ## measure questions for metrics, from marts and from the fact: SIZE=2000000, ROUNDS=5
	@$(QUIETLY) .venv/bin/python -m benchmarks.metrics

bench-dashboard: $(VENV) ## measure the dashboard's copy and pages that nobody has asked for before: SIZE=2000000
	@$(QUIETLY) .venv/bin/python -m benchmarks.dashboard

bench-scale: $(VENV) ## measure how runs of 0.5 to 10 M sessions grow, end to end: SIZES="500000 2000000 5000000 10000000"
	@$(QUIETLY) .venv/bin/python -m benchmarks.scale

bench-engines: $(VENV) ## measure a first star by PostgreSQL, by Sail and by Spark: SIZE=2000000 ENGINES=postgres,sail,spark
	@$(QUIETLY) .venv/bin/python -m benchmarks.engines

lint: $(VENV) ## check the style of Python, SQL, shell, Dockerfile and Compose file, and who imports whom
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/lint-imports --no-logo --no-cache
	@.venv/bin/sqlfluff lint --disable-progress-bar --processes 2 dbt
	@.venv/bin/shellcheck cli/setup cli/lock cli/stack cli/stack-trouble cli/doctor docker/apply-roles docker/warehouse/certificate docker/redis/start .ci/run .ci/debian .ci/redis
	@.venv/bin/hadolint Dockerfile docker/dashboard/Dockerfile docker/spark/Dockerfile
	@.venv/bin/compose-lint --quiet docker-compose.yml
	@if docker compose version >/dev/null 2>&1; then docker compose --env-file /dev/null config --quiet; fi

format: $(VENV) ## mend the style
	@.venv/bin/ruff check --fix --quiet; .venv/bin/ruff format
	@.venv/bin/sqlfluff fix --disable-progress-bar --quiet dbt

lock: $(VENV) ## bring requirements*.txt up to date with requirements*.in
	@cli/lock

# Asked each time: anew also where the one that is there does not start, for it was moved, or its Python is gone.
.PHONY: $(VENV)
$(VENV):
	@$(QUIETLY) cli/setup
