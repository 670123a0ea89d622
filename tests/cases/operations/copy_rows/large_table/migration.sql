CREATE TABLE subscribers (email text NOT NULL, user_id bigint NOT NULL, since date NOT NULL DEFAULT '2026-01-01', UNIQUE (email));
INSERT INTO subscribers (user_id, email) SELECT id, lower(email) FROM users WHERE id % 2 = 0 ON CONFLICT (email) DO NOTHING;
