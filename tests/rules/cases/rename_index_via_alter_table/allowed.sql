ALTER INDEX users_name RENAME TO users_by_name;
