CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 100) AS i;

CREATE TABLE teams (id bigint PRIMARY KEY);
INSERT INTO teams VALUES (1), (2);
CREATE TABLE "Sessions" (
    id bigserial PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    team_id bigint REFERENCES teams (id) ON DELETE CASCADE,
    parent bigint REFERENCES "Sessions" (id),
    token text UNIQUE CHECK (token <> '')
);
INSERT INTO "Sessions" (user_id, team_id, token) SELECT i, 1 + i % 2, 's' || i FROM generate_series(1, 100) AS i;
COMMENT ON TABLE "Sessions" IS 'who is there';
ALTER TABLE "Sessions" ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_one ON "Sessions" USING (true) WITH CHECK (true);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM count(*) FROM "Sessions"; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON "Sessions" FOR EACH ROW EXECUTE FUNCTION stamp();
