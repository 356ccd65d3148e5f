"""What Alembic runs first: every step goes through the connection and transaction that the store hands over."""

from __future__ import annotations

from alembic import context

from kneeline.store.tables import METADATA

# SQLite undoes changes of the schema too, as long as nobody commits in between; it alters a table by making it anew.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
