SET lock_timeout = '2s';
ALTER TABLE caches SET LOGGED;
