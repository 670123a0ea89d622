ALTER TABLE messages ALTER COLUMN customer_id SET DEFAULT NULL;
COMMENT ON TABLE messages IS 'to customers';
