INSERT INTO events (id, day) VALUES (1000, '2024-05-05') ON CONFLICT (id) DO UPDATE SET day = '2024-06-06';
SELECT id, day FROM events WHERE day > '2024-05-01';
