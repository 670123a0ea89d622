INSERT INTO accounts (tenant_id, id, number, label) VALUES (2::int, 2000::bigint, 2000::bigint, 'new') ON CONFLICT (number) DO UPDATE SET label = 'again';
INSERT INTO entries (id, tenant_id, account_id, number) VALUES (2000, 2, 2000, NULL) ON CONFLICT (tenant_id, account_id, id) DO NOTHING;
UPDATE accounts SET number = number + 9000 WHERE id = 8;
UPDATE accounts SET number = number - 9000 WHERE id = 8;
