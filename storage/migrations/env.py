"""How Alembic runs our migrations: in the transaction, and under the lock, that `storage.migrate` opened."""

from alembic import context

from storage.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("migrations run through storage.migrate, which takes the lock: `rescousse migrate`")
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
