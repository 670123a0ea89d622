-- What the migration drops with the old column refuses nothing that the new version writes.
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL CHECK (email <> 'new'), name text,
    CONSTRAINT one CHECK (email IS NOT NULL OR name IS NOT NULL));
INSERT INTO users SELECT g, 'u' || g, 'n' FROM generate_series(1, 50) AS g;
