ALTER TYPE mood ADD VALUE 'glad' AFTER 'happy';
ALTER TABLE users ADD COLUMN later mood NOT NULL DEFAULT 'glad';
