SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN level int NOT NULL DEFAULT 0;
