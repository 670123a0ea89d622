CREATE INDEX CONCURRENTLY wide_some ON wide (a, b, c);
