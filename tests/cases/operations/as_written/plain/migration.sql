-- zdm: run in contract -- nobody has read it since 2.0
DROP TABLE audit;
