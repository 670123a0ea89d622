BEGIN;
ALTER TYPE mood ADD VALUE 'sad';
INSERT INTO users VALUES (1, 1, 'sad', 'sad');
COMMIT;
