SET lock_timeout = '2s';
ALTER DOMAIN short ADD CONSTRAINT c CHECK (VALUE <> '') NOT VALID;
