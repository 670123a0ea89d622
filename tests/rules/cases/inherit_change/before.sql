CREATE TABLE events (id bigint NOT NULL, name text);
CREATE TABLE old_events (id bigint NOT NULL, name text);
INSERT INTO old_events VALUES (1, 'a');
