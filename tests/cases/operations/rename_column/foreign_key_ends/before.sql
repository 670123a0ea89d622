CREATE TABLE folder (id bigint PRIMARY KEY);
CREATE TABLE files (id bigint PRIMARY KEY, parent_id bigint REFERENCES folder);
