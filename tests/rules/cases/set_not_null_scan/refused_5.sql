SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT named NOT NULL name;
