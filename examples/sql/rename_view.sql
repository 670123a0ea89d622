-- The report lists pages, not visits.
ALTER VIEW visited RENAME TO pages_seen;
