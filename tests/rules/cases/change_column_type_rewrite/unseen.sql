CREATE TABLE unknown_table (a int);
