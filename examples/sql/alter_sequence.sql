-- The new version takes a block of 50 keys with each number.
ALTER SEQUENCE users_id_seq INCREMENT BY 50;
