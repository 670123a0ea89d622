BEGIN;
ALTER TYPE mood ADD VALUE 'sad';
INSERT INTO moods (id, m) VALUES (9001, 'sad');
COMMIT;
