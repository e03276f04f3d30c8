# What its bytes depend on, and how they are made the same twice: docs/upgrade.md.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
FROM ${PYTHON_IMAGE} AS office

# Where it is set compiled modules name the hash of their source instead of its time, and who is
# added was added on that day.
ARG SOURCE_DATE_EPOCH=1767225600
ENV UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/retention
# The uv that `make` fetches: compared with the checksum that stands there.
COPY deploy/fetch_uv.py deploy/fetch_uv.py
RUN python deploy/fetch_uv.py /usr/local/bin

# The libraries change seldom, the project often: two layers.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --extra celery --no-install-project --no-cache
COPY pipelines pipelines
COPY console console
COPY twin twin
COPY sql sql
COPY expectations expectations
COPY locales locales
COPY models models
COPY dags dags
# uv notes when the project was checked out, which says nothing of it.
RUN uv sync --frozen --no-dev --extra celery --no-cache \
    && rm .venv/lib/python*/site-packages/retention_office-*.dist-info/uv_cache.json \
    && sed -i /uv_cache.json/d .venv/lib/python*/site-packages/retention_office-*.dist-info/RECORD \
    && .venv/bin/python -m pipelines.jobs.specs.compile_sql \
    && useradd --no-log-init --uid 1000 --create-home office \
    && install -d -o office /srv/airflow /srv/home /srv/backup

ENV PATH=/srv/retention/.venv/bin:$PATH
USER office

# With Spark, for RETENTION_ENGINE=spark: `OFFICE_IMAGE=spark` in .env.
FROM office AS spark
USER root
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/* \
    && uv sync --frozen --no-dev --extra celery --extra spark --no-cache
USER office

# What `docker build .` makes where no target is named.
FROM office
