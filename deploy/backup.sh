#!/bin/sh
# Puts Temporal's databases and ours, at one moment, into one file: deploy/backup.sh FILE.tar.gz
# Nothing stops meanwhile. COMPOSE_FILE and the like are Compose's own. The secrets are not in it: keep them elsewhere.
set -eu
umask 077

target=${1:?usage: deploy/backup.sh FILE.tar.gz}
if [ -e "$target" ]; then
    echo "$target is there already: backups are not written over." >&2
    exit 1
fi
draft=$target.new
trap 'rm -f "$draft"' EXIT

# All databases are in one cluster, so that one position of its log is one moment of all.
docker compose exec -T postgres pg_basebackup --username=postgres --no-password --pgdata=- \
    --format=tar --wal-method=fetch --checkpoint=fast --compress=gzip:1 >"$draft"
gzip --test "$draft"
mv "$draft" "$target"
echo "$target: $(wc -c <"$target") bytes. Keep it, and apart from it the directory of the secrets."
