-- The report of pages reads what the migration has changed.
REFRESH MATERIALIZED VIEW pages;
