CREATE TABLE names (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE TABLE themes (name_id bigint NOT NULL REFERENCES names, theme text NOT NULL);
INSERT INTO names (id, name) SELECT number, name FROM users;
INSERT INTO themes SELECT 1, theme FROM defaults;
