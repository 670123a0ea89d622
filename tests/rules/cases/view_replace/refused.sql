SET lock_timeout = '2s';
CREATE OR REPLACE VIEW names AS SELECT upper(name) AS name FROM users;
