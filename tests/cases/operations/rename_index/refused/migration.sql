ALTER INDEX users_name RENAME TO users_pkey;
ALTER INDEX not_there RENAME TO a;
