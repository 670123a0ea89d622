-- The new version takes a block of 50 keys with each number.
ALTER SEQUENCE orders_id_seq INCREMENT BY 50 CACHE 2;
