CREATE INDEX ON users (email);
CREATE INDEX ON users (lower(email), id) INCLUDE (nickname);
