#!/bin/sh
# Fills an empty database volume from a file of deploy/backup.sh, then starts everything: deploy/restore.sh FILE.tar.gz
# The secrets must be those of then: the passwords of its owners, and the keys of what is encrypted, are in the backup.
set -eu

source=${1:?usage: deploy/restore.sh FILE.tar.gz}
gzip --test "$source"
docker compose run --rm --no-deps -T --entrypoint sh postgres -euc '
    if [ -n "$(ls -A "$PGDATA" 2>/dev/null)" ]; then
        echo "There is a database already: put its volume aside first (docs/deployment.md). Nothing was stopped." >&2
        exit 1
    fi
' </dev/null
docker compose stop

docker compose run --rm --no-deps -T --entrypoint sh postgres -euc '
    if [ -n "$(ls -A "$PGDATA" 2>/dev/null)" ]; then
        echo "There is a database already: put its volume aside first (docs/deployment.md)." >&2
        exit 1
    fi
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    tar -xzf - -C "$PGDATA"
    pg_verifybackup --quiet "$PGDATA"
' <"$source"

docker compose up --detach --wait postgres
# Places of the journal that streams may have seen are not given a second time.
docker compose exec -T postgres psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=rescousse \
    --command="SELECT setval(pg_get_serial_sequence('journal', 'position'), (SELECT coalesce(max(position), 0) FROM journal) + 1000000)" >/dev/null
docker compose up --detach
echo "Restored. Next: docker compose run --rm migrate python -m ops doctor"
