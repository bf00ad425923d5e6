"""Alembic runs this; the connection and its transaction are the caller's."""

from alembic import context

from bot.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters no columns in place
)
context.run_migrations()
