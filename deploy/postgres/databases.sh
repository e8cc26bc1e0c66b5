#!/bin/sh
# Runs once, when the cluster is made: two owners without further rights, each with databases of its own.
set -eu

secret() { # the content of a secret's file, as one line
    tr -d '\n' <"${SECRETS:-/run/secrets}/$1"
}

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set=temporal="$(secret temporal_password)" --set=rescousse="$(secret rescousse_password)" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE ROLE rescousse LOGIN PASSWORD :'rescousse';
CREATE DATABASE rescousse OWNER rescousse;
REVOKE CONNECT ON DATABASE temporal FROM PUBLIC;
REVOKE CONNECT ON DATABASE temporal_visibility FROM PUBLIC;
REVOKE CONNECT ON DATABASE rescousse FROM PUBLIC;
SQL
