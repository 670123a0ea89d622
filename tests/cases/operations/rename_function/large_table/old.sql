SELECT "Longest"(kind, 'x') FROM events LIMIT 1;
SELECT calling();
SELECT joined(kind) FROM events WHERE id < 3;
