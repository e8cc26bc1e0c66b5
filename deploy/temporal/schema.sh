#!/bin/sh
# Brings Temporal's two databases to the shape that this version of its tools knows. Repeatable.
set -eu

SQL_PASSWORD=$(tr -d '\n' <"${SECRETS:-/run/secrets}/temporal_password")
export SQL_PASSWORD

for kind in temporal visibility; do
    case $kind in temporal) name=temporal ;; *) name=temporal_visibility ;; esac
    set -- --plugin postgres12 --ep postgres --port 5432 --user temporal --database "$name"
    temporal-sql-tool "$@" setup-schema --version 0.0
    temporal-sql-tool "$@" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$kind/versioned"
done
