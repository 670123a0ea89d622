UPDATE events SET at = day::timestamp WHERE at IS NULL;

ALTER TABLE events DROP COLUMN day;
