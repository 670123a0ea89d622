CREATE TABLE countries (code text PRIMARY KEY);
INSERT INTO countries VALUES ('nl'), ('fr'), ('de');
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email varchar(100) COLLATE "C" NOT NULL DEFAULT 'nobody@example.org',
    country text DEFAULT 'nl' REFERENCES countries (code),
    name text,
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_email_check CHECK (email <> ''),
    CONSTRAINT users_contact_check CHECK (email IS NOT NULL OR name IS NOT NULL)
);
CREATE INDEX users_lower_email ON users (lower(email) text_pattern_ops) WHERE email <> 'x';
CREATE INDEX users_name_email ON users (name, email DESC NULLS LAST) INCLUDE (country);
COMMENT ON COLUMN users.email IS 'where we write; "quoted"';
COMMENT ON INDEX users_lower_email IS 'search';
COMMENT ON CONSTRAINT users_email_check ON users IS 'not empty';
COMMENT ON CONSTRAINT users_email_key ON users IS 'one each';
ALTER TABLE users ALTER COLUMN email SET STATISTICS 200, ALTER COLUMN email SET STORAGE EXTERNAL,
    ALTER COLUMN email SET (n_distinct = -0.5);
GRANT SELECT (email), UPDATE (email) ON users TO PUBLIC;
INSERT INTO users (id, email, name)
SELECT n, 'user' || n || '@example.org', 'User ' || n FROM generate_series(1, 500) AS n;
