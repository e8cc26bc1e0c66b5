#!/bin/sh
# Fills an empty database volume from a file of deploy/backup.sh, then starts everything: deploy/restore.sh FILE.tar.gz
# The secrets must be those of then: the passwords of its owners, and the keys of what is encrypted, are in the backup.
# Broken off, it is given again: the database appears whole or not at all, and a mark in it says what is still to be done.
set -eu

source=${1:?usage: deploy/restore.sh FILE.tar.gz}
gzip --test "$source"

in_volume() {
    docker compose run --rm --no-deps -T --entrypoint sh postgres -euc "$1"
}

state=$(in_volume '
    if [ -e "$PGDATA/rescousse.restoring" ]; then echo unpacked
    elif [ -n "$(ls -A "$PGDATA" 2>/dev/null)" ]; then echo full
    else echo empty
    fi
' </dev/null)
if [ "$state" = full ]; then
    echo "There is a database already: put its volume aside first (docs/deployment.md). Nothing was stopped." >&2
    exit 1
fi
docker compose stop

if [ "$state" = empty ]; then
    in_volume '
        draft=$PGDATA.unpacking
        rm -rf "$draft"
        mkdir -p "$draft"
        chmod 700 "$draft"
        tar -xzf - -C "$draft"
        pg_verifybackup --quiet "$draft"
        : >"$draft/rescousse.restoring"
        sync
        if [ -d "$PGDATA" ]; then rmdir "$PGDATA"; fi
        mv "$draft" "$PGDATA"
    ' <"$source"
fi

docker compose up --detach --wait postgres
# Places of the journal that streams may have seen are not given a second time.
docker compose exec -T postgres psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=rescousse \
    --command="SELECT setval(pg_get_serial_sequence('journal', 'position'), (SELECT coalesce(max(position), 0) FROM journal) + 1000000)" >/dev/null
docker compose exec -T postgres sh -euc 'rm -f "$PGDATA/rescousse.restoring"'
docker compose up --detach
echo "Restored. Next: docker compose run --rm --no-deps migrate python -m ops doctor"
