"""Migrations of large tables beside writers of both versions: a folder of SQL for each."""
