INSERT INTO accounts (id, address, "full Name") VALUES (2000, 'new@example.org', 'New')
ON CONFLICT (address) DO UPDATE SET "full Name" = EXCLUDED."full Name" RETURNING id, address;
UPDATE accounts SET "full Name" = 'changed by new' WHERE id = 9;
SELECT id, address FROM accounts WHERE "full Name" = 'changed by new' FOR UPDATE;
