DROP TYPE mood;
DROP SEQUENCE users_id_seq;
DROP SCHEMA side;
DROP TYPE not_there;
DROP TYPE unused CASCADE;
DROP EXTENSION pg_trgm;
