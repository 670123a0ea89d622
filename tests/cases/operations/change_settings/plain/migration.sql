ALTER TABLE users SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05), ALTER COLUMN email SET STATISTICS 100;
ALTER TABLE users RESET (fillfactor);
ALTER TABLE users ALTER COLUMN nickname SET STORAGE EXTERNAL;
ALTER TABLE users ALTER COLUMN nickname SET COMPRESSION pglz;
ALTER TABLE users ALTER COLUMN email SET (n_distinct = -0.5), ALTER COLUMN nickname SET (n_distinct_inherited = 3);
ALTER TABLE users CLUSTER ON users_pkey;
ALTER TABLE users REPLICA IDENTITY USING INDEX users_email;
