CREATE SCHEMA "My Types";
CREATE TYPE "My Types"."Order Status" AS ENUM ('it''s', 'b\c');
CREATE TABLE orders (id bigint PRIMARY KEY, status "My Types"."Order Status", all_of "My Types"."Order Status"[]);
