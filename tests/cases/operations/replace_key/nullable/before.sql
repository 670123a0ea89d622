-- A column of the new primary key is not NOT NULL yet, and one statement says both.
CREATE TABLE note (id bigint CONSTRAINT note_key PRIMARY KEY, code bigint, body text);
INSERT INTO note SELECT g, g, 'b' FROM generate_series(1, 50) AS g;
