-- Orders are kept by another service now.
DROP TABLE orders;
