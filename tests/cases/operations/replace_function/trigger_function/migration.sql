CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.changed_at := clock_timestamp(); RETURN NEW; END';
