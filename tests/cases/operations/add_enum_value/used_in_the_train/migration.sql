BEGIN;
ALTER TYPE mood ADD VALUE 'glad';
COMMIT;
UPDATE users SET mood = 'glad' WHERE mood = 'happy';
ALTER TABLE users ALTER COLUMN mood SET DEFAULT 'glad';
