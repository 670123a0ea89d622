-- PostgreSQL knows of none of these; each may use users.email.
CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);
INSERT INTO users SELECT g, g FROM generate_series(1, 50) AS g;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN UPDATE users SET email = lower(email) WHERE id = NEW.user_id; RETURN NEW; END $$;
CREATE TRIGGER touch AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION report(col text) RETURNS bigint LANGUAGE plpgsql AS
    $$ DECLARE n bigint; BEGIN EXECUTE format('SELECT count(%I) FROM users', col) INTO n; RETURN n; END $$;
CREATE FUNCTION other() RETURNS bigint LANGUAGE plpgsql AS
    $$ BEGIN /* users.email */ RETURN (SELECT count(*) FROM users); END $$;
