ALTER TABLE accounts ALTER COLUMN id TYPE bigint;
ALTER TABLE accounts ALTER COLUMN tenant_id TYPE integer;
ALTER TABLE accounts ALTER COLUMN number TYPE bigint USING number::bigint;
ALTER TABLE entries ALTER COLUMN account_id TYPE int8, ALTER COLUMN tenant_id TYPE int4;
