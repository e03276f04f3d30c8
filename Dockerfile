FROM python:3.11-slim-bookworm AS office

ENV UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/retention
RUN pip install --no-cache-dir uv==0.13.9

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
RUN uv sync --frozen --no-dev --extra celery --no-cache \
    && .venv/bin/python -m pipelines.jobs.specs.compile_sql \
    && useradd --uid 1000 --create-home office \
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
