# The image of every Airflow component: Airflow, dbt and the platform's code, without a compiler and without root.
ARG AIRFLOW_VERSION=3.3.2
ARG PYTHON_VERSION=3.13
FROM apache/airflow:slim-${AIRFLOW_VERSION}-python${PYTHON_VERSION}

# Bytecode is compiled here, once: every start of a component or of dbt is twice as fast for it.
ENV UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    PYTHONPATH=/opt/airflow \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/airflow/dags \
    DATA_ROOT=/opt/airflow/data \
    INBOX_ROOT=/opt/airflow/inbox \
    DBT_TARGET_PATH=/opt/airflow/target/run \
    DBT_LOG_PATH=/opt/airflow/target/logs

# requirements-power-bi.txt is the same, and Airflow's Microsoft provider (docs/adr/0025).
ARG REQUIREMENTS=requirements.txt
# The provider that hands tasks to workers: celery, or kubernetes for an image of docs/workers.md.
ARG WORKERS=celery
COPY --chown=50000:0 ${REQUIREMENTS} requirements-${WORKERS}.txt /opt/airflow/
RUN uv pip install --python "$(command -v python)" -r "/opt/airflow/${REQUIREMENTS}" \
        -r "/opt/airflow/requirements-${WORKERS}.txt" \
    # The folders of the volumes exist in the image, so that new volumes belong to its user.
    && mkdir -p /opt/airflow/data /opt/airflow/target /opt/airflow/logs

COPY --chown=50000:0 . /opt/airflow/
# A project that does not parse fails here, not at midnight; and the first run finds the parsed project.
RUN python -m compileall -q /opt/airflow/include /opt/airflow/cli /opt/airflow/dags /opt/airflow/plugins \
    && env -u PYTHONPATH WAREHOUSE_HOST=none WAREHOUSE_PORT=5432 WAREHOUSE_DB=none DBT_USER=none DBT_PASSWORD=none \
        dbt --quiet parse --project-dir dbt --profiles-dir dbt

USER 50000
ENTRYPOINT ["python", "-m", "cli.container"]
CMD ["airflow", "version"]
