CREATE INDEX CONCURRENTLY wide_all ON wide (a, b, c, d);
