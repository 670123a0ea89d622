"""Alembic revisions; the only importer of alembic and sqlalchemy."""
