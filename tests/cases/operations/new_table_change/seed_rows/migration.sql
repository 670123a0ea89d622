CREATE TABLE nt (id serial PRIMARY KEY, t_id int NOT NULL REFERENCES t (id));
INSERT INTO nt (t_id) VALUES (1);
