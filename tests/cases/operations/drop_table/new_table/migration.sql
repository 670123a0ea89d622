CREATE TABLE fresh (id bigserial PRIMARY KEY);
DROP TABLE sessions;
CREATE TABLE tokens (id bigint PRIMARY KEY REFERENCES fresh (id));
