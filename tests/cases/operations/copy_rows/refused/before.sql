CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text, role text, tags text[]);
CREATE TABLE log (id bigserial PRIMARY KEY, user_id bigint NOT NULL, note text);
CREATE TABLE jobs (user_id bigint PRIMARY KEY, note text);
CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);
