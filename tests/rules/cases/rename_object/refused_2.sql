SET lock_timeout = '2s';
ALTER SCHEMA old RENAME TO older;
