INSERT INTO orders SELECT 1 + count(*), 'don''t \ know', NULL FROM orders;
