CREATE SCHEMA "Sales";
CREATE TABLE "Sales"."Order Line" ("ID" bigint PRIMARY KEY, "na""me" text, "select" int DEFAULT 1, naïve text);
INSERT INTO "Sales"."Order Line" SELECT i, 'line ' || i FROM generate_series(1, 50) AS i;
CREATE TABLE orders (id bigint PRIMARY KEY, line bigint REFERENCES "Sales"."Order Line" ("ID"));
INSERT INTO orders VALUES (1, 1);
GRANT SELECT ON "Sales"."Order Line" TO PUBLIC;
