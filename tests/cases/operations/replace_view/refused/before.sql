CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
CREATE VIEW named AS SELECT id, email FROM users WHERE nickname IS NOT NULL;

CREATE VIEW all_of AS SELECT id, email FROM users;
CREATE VIEW over_all AS SELECT id FROM all_of;
CREATE VIEW barred WITH (security_barrier = true) AS SELECT id FROM users;
CREATE VIEW noted AS SELECT id FROM users;
COMMENT ON VIEW noted IS 'a note';
