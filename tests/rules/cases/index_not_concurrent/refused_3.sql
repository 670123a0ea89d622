CREATE INDEX parts_n ON parts (n);
