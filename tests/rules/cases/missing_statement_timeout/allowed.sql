SET lock_timeout = '2s';
SET statement_timeout = '1min';
UPDATE users SET name = '' WHERE id < 100;
