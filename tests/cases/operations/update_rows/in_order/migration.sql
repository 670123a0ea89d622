INSERT INTO roles VALUES (4, 'owner');
UPDATE roles SET note = 'a' WHERE id = 4;
UPDATE roles SET note = note || 'b' WHERE id = 4;
ALTER TABLE roles RENAME COLUMN note TO remark;
UPDATE roles SET remark = remark || 'c' WHERE id IN (1, 4);
