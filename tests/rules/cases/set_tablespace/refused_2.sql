SET lock_timeout = '2s';
ALTER INDEX users_pkey SET TABLESPACE fast;
