SELECT a.city FROM addresses AS a JOIN orders AS o ON o.id = a.order_id;
