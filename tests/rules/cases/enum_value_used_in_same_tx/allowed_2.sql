BEGIN;
ALTER TYPE mood ADD VALUE 'sad';
INSERT INTO users VALUES (9001, 1, 'sad', 'sad');
COMMIT;
