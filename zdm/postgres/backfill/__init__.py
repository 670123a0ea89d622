"""The engine of a backfill: what touches the database; decisions are in `zdm.backfill`."""
