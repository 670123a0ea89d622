ANALYZE users (team, city);
VACUUM (ANALYZE, PARALLEL 0) users;
REINDEX INDEX CONCURRENTLY users_email_key;
