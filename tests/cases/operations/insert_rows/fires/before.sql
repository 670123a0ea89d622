-- A trigger of the table writes another one.
CREATE TABLE users (id bigserial PRIMARY KEY, email text);
INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 30) AS n;
CREATE TABLE audit (user_id bigint, operation text);
CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit VALUES (NEW.id, TG_OP);
  RETURN NULL;
END $$;
CREATE TRIGGER audited AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION audited();
