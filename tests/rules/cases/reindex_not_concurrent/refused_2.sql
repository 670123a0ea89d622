REINDEX INDEX users_pkey;
