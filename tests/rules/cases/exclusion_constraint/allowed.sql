CREATE TABLE t (id bigint PRIMARY KEY, e text, EXCLUDE USING btree (e WITH =));
