INSERT INTO accounts (tenant_id, id, number, label) VALUES (1, 1000, 1000, 'old') ON CONFLICT ON CONSTRAINT accounts_key DO UPDATE SET label = 'again';
INSERT INTO entries (id, tenant_id, account_id, number) VALUES (1000, 1, 1000, 1000) ON CONFLICT (id) DO NOTHING;
UPDATE accounts SET number = number + 5000 WHERE id = 7;
UPDATE accounts SET number = number - 5000 WHERE id = 7;
