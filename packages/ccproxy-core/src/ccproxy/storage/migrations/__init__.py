"""The core's migrations, and how Alembic runs any."""
