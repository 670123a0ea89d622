CREATE TABLE hidden (id bigint PRIMARY KEY);
CREATE OR REPLACE VIEW named WITH (security_barrier = false) AS
SELECT id, email FROM users WHERE nickname IS NOT NULL AND id NOT IN (SELECT id FROM hidden);
