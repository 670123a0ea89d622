SET lock_timeout = '2s';
CREATE TABLE teams (id bigint PRIMARY KEY, other integer REFERENCES elsewhere (id));
