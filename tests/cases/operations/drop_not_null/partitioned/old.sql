INSERT INTO events VALUES (1, '2026-02-02', 'old');
