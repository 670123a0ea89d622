DROP INDEX parts_n;
