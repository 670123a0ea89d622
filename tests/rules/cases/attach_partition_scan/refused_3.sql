SET lock_timeout = '2s';
ALTER TABLE other ATTACH PARTITION away DEFAULT;
