SET lock_timeout = '2s';
CREATE OR REPLACE VIEW names AS SELECT name, email FROM users;
