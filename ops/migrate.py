"""`rescousse migrate`: brings the database to its newest shape."""

from settings import Settings
from storage.migrate import upgrade


def migrate_command() -> None:
    """Apply the migrations that the database of the settings lacks; does nothing if there are none."""
    upgrade(Settings().database_url)
