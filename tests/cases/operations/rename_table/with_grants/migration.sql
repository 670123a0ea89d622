ALTER TABLE users RENAME TO accounts;
ALTER TABLE notes RENAME TO remarks;
