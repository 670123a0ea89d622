CREATE TABLE profiles (
    id bigint,
    tenant int,
    bio text NOT NULL,
    PRIMARY KEY (id, tenant),
    CONSTRAINT of_user FOREIGN KEY (tenant, id) REFERENCES users ON DELETE CASCADE
);
INSERT INTO profiles SELECT id, tenant, bio FROM users WHERE bio IS NOT NULL;
ALTER TABLE users DROP COLUMN IF EXISTS bio;
