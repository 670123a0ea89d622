CREATE INDEX ON users ((email || nickname));
CREATE INDEX events_at ON events (at);
CREATE INDEX users_missing ON users (missing);
CREATE INDEX users_old ON users (id);
