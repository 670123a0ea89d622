ALTER TABLE events DROP CONSTRAINT events_id, DROP CONSTRAINT events_customer_id_fkey;
