ALTER FUNCTION twice RENAME TO doubled;
ALTER FUNCTION half(integer) RENAME TO twice;
ALTER FUNCTION gone(integer) RENAME TO lost;
ALTER TYPE mood RENAME TO feeling;
ALTER SEQUENCE numbers RENAME TO counted;
ALTER SCHEMA app RENAME TO shop;
