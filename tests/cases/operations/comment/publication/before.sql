CREATE TABLE users (id bigserial PRIMARY KEY, nickname text);
INSERT INTO users (nickname) SELECT 'nick' || n FROM generate_series(1, 30) AS n;
CREATE PUBLICATION "All of it" FOR TABLE users;
COMMENT ON PUBLICATION "All of it" IS 'It''s {old}.';
CREATE PUBLICATION other FOR TABLE users;
