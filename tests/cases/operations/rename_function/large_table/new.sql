SELECT first_of(kind, 'x') FROM events LIMIT 1;
SELECT calling();
SELECT concatenated(kind) FROM events WHERE id < 3;
