ALTER INDEX users_pkey RENAME TO users_key;
