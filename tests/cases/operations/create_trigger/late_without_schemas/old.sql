INSERT INTO packages VALUES (100, 'core') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
DELETE FROM packages WHERE id = 100;
