-- Nothing lists orders by user any more.
DROP INDEX ix_orders_user_id;
