"""Runs the migrations on the connection `storage.schema` hands over; there is no other way to run them."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
