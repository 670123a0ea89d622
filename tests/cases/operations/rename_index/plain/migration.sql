ALTER INDEX users_name RENAME TO "users by name";
ALTER INDEX IF EXISTS not_there RENAME TO nor_this;
