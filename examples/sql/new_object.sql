-- The finance department reads a view of its own.
CREATE VIEW turnover AS
    SELECT p.id, p.name, sum(o.quantity * p.price) AS amount
    FROM orders o JOIN products p ON p.id = o.product_id
    GROUP BY p.id, p.name;
