INSERT INTO orders SELECT 1 + count(*), 'it''s', NULL FROM orders;
