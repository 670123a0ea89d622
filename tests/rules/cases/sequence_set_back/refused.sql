SET lock_timeout = '2s';
ALTER SEQUENCE numbers RESTART WITH 1;
