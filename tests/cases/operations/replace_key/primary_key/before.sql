-- The key gets a column more; both versions name their own in ON CONFLICT.
CREATE TABLE note (id bigint PRIMARY KEY, shop int NOT NULL DEFAULT 1, body text);
INSERT INTO note SELECT g, 1, 'b' FROM generate_series(1, 50) AS g;
