CREATE TABLE logs (line text, level text);
INSERT INTO logs SELECT 'line' || n FROM generate_series(1, 20) AS n;
