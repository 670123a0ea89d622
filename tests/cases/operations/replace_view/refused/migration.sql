CREATE OR REPLACE VIEW named AS SELECT email, id FROM users;
CREATE OR REPLACE VIEW named AS SELECT id FROM users;
CREATE OR REPLACE VIEW named AS SELECT * FROM users;
CREATE OR REPLACE VIEW all_of AS SELECT id, email, nickname FROM users;
CREATE OR REPLACE VIEW barred WITH (security_barrier = true) AS SELECT id, email FROM users;
DROP VIEW noted;
CREATE VIEW noted AS SELECT id FROM users WHERE id > 1;
