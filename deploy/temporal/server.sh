#!/bin/sh
# Starts the server with its password from a file: it can take it from its environment only.
set -eu

POSTGRES_PWD=$(tr -d '\n' <"${SECRETS:-/run/secrets}/temporal_password")
BIND_ON_IP=0.0.0.0
TEMPORAL_BROADCAST_ADDRESS=$(getent hosts "$(hostname)" | awk 'NR == 1 { print $1 }')
export POSTGRES_PWD BIND_ON_IP TEMPORAL_BROADCAST_ADDRESS

if [ -x /etc/temporal/entrypoint.sh ]; then
    exec /etc/temporal/entrypoint.sh
fi
exec temporal-server start
