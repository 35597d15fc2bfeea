"""What Alembic runs for each command: on the connection that `annotator.database` hands it, inside its transaction."""

from alembic import context

from annotator.schema import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True, compare_type=True
)
context.run_migrations()
