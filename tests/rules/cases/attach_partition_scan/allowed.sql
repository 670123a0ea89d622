SET lock_timeout = '2s';
CREATE TABLE fresh (n int);
ALTER TABLE parts ATTACH PARTITION fresh FOR VALUES FROM (0) TO (10);
