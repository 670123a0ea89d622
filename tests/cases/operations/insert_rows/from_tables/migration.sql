INSERT INTO rights (role_id, word) SELECT id, 'write' FROM roles WHERE name <> 'guest' ON CONFLICT (role_id, word) DO NOTHING;
INSERT INTO roles (id, name) SELECT 4, 'owner' WHERE NOT EXISTS (SELECT FROM roles WHERE name = 'owner');
UPDATE roles SET note = 'all' WHERE id = 4;
INSERT INTO roles VALUES (4, 'owner', 'all rights') ON CONFLICT (id) DO UPDATE SET note = excluded.note;
