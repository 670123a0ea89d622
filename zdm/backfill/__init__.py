"""The policy of a backfill: batch size, gates, load, retries; pure, no connection, no SQL."""
