-- The new version takes one key with each number.
ALTER SEQUENCE orders_id_seq INCREMENT 1;
ALTER SEQUENCE tickets MAXVALUE 50000 NO CYCLE;
