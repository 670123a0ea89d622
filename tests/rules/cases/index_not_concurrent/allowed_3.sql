SET lock_timeout = '2s';
CREATE INDEX parts_n ON ONLY parts (n);
