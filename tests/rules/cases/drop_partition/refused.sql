SET lock_timeout = '2s';
DROP TABLE parts_1;
