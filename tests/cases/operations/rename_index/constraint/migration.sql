ALTER INDEX users_pkey RENAME TO pk_users;
