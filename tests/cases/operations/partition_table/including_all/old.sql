INSERT INTO readings (at, sensor, value) VALUES ('2026-05-05 00:30', 'x', 20)
ON CONFLICT ON CONSTRAINT readings_sensor_at_key DO UPDATE SET value = 21;
UPDATE readings SET value = value + 1 WHERE sensor = 'x';
DELETE FROM readings WHERE sensor = 'x';
SELECT * FROM readings;
