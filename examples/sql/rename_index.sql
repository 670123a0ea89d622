-- Indexes are named after their table and columns.
ALTER INDEX ix_orders_user_id RENAME TO orders_user_id_idx;
