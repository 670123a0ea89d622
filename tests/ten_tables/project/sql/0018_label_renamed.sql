UPDATE customers SET tier = 'premium' WHERE tier = 'pro';
ALTER TABLE customers ADD CONSTRAINT ck_customers_tier CHECK (tier <> 'pro');
