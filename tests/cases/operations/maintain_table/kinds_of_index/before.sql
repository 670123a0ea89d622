CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, team text, city text);
CREATE INDEX lower_email ON users (lower(email)) INCLUDE (city) WHERE team IS NOT NULL;
CREATE TABLE rooms (id bigint PRIMARY KEY, free int4range, EXCLUDE USING gist (free WITH &&));
CREATE TABLE visits (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
