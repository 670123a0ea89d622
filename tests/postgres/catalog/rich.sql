CREATE SCHEMA billing;
CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
CREATE DOMAIN positive AS integer DEFAULT 1 NOT NULL CONSTRAINT pos CHECK (VALUE > 0);
CREATE TYPE address AS (street text, zip varchar(10));
CREATE TYPE span AS RANGE (SUBTYPE = float8);
CREATE SEQUENCE billing.invoice_no AS integer START 100 INCREMENT 5 MAXVALUE 100000 CYCLE;
CREATE FUNCTION slug(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(t) $$;
CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(255) NOT NULL,
  name text COLLATE "C" DEFAULT 'x', mood mood DEFAULT 'sad', age positive,
  created timestamptz DEFAULT now() NOT NULL, token uuid DEFAULT gen_random_uuid(),
  low text GENERATED ALWAYS AS (lower(email::text)) STORED, home address,
  "we""ird Col" int CHECK ("we""ird Col" > 0), CONSTRAINT email_len CHECK (length(email) > 3));
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_expr ON users (lower(name), age DESC NULLS LAST) INCLUDE (created) WHERE age > 3;
CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint REFERENCES users ON DELETE CASCADE, total numeric(10,2) DEFAULT 0 NOT NULL, note text, EXCLUDE USING btree (note WITH =));
ALTER TABLE orders ADD CONSTRAINT big CHECK (total < 1e6) NOT VALID;
CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_d PARTITION OF events DEFAULT;
CREATE INDEX events_at ON events (at);
ALTER TABLE events ADD PRIMARY KEY (id, at);
CREATE TABLE base (a int, b text); CREATE TABLE child (c int) INHERITS (base);
CREATE UNLOGGED TABLE cache (k text PRIMARY KEY, v text) WITH (fillfactor = 50);
ALTER TABLE cache ALTER v SET STORAGE EXTERNAL; ALTER TABLE cache ALTER k SET STATISTICS 500;
CREATE VIEW user_list AS SELECT id, email, low FROM users WHERE age > 1;
CREATE VIEW user_list2 WITH (security_barrier) AS SELECT id FROM user_list;
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS s FROM orders GROUP BY 1; CREATE UNIQUE INDEX totals_u ON totals (user_id);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created := now(); RETURN NEW; END $$;
CREATE TRIGGER users_touch BEFORE UPDATE OF email ON users FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION touch();
CREATE TRIGGER users_off BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TABLE users DISABLE TRIGGER users_off;
ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON users FOR SELECT TO shop_reader USING (age > 0);
CREATE STATISTICS billing.st (dependencies) ON email, name FROM users;
CREATE RULE no_del AS ON DELETE TO cache DO INSTEAD NOTHING;
GRANT SELECT, UPDATE (email) ON users TO shop_reader; GRANT USAGE ON SEQUENCE billing.invoice_no TO shop_reader; GRANT EXECUTE ON FUNCTION slug(text) TO shop_reader; GRANT SELECT ON user_list TO shop_reader;
COMMENT ON TABLE users IS 'people'; COMMENT ON COLUMN users.email IS 'it''s'; COMMENT ON INDEX users_email IS 'i'; COMMENT ON CONSTRAINT email_len ON users IS 'c'; COMMENT ON VIEW user_list IS 'v'; COMMENT ON FUNCTION slug(text) IS 'f'; COMMENT ON TYPE mood IS 'm'; COMMENT ON SEQUENCE billing.invoice_no IS 's';
CREATE PUBLICATION pub FOR TABLE users, orders;
ALTER TABLE orders REPLICA IDENTITY FULL;
CREATE TABLE billing.inv (no int DEFAULT nextval('billing.invoice_no'), d text DEFAULT slug('A'), u int UNIQUE DEFERRABLE);
ALTER SEQUENCE billing.invoice_no OWNED BY billing.inv.no;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('abc');
