-- zdm: orphans delete -- memberships of customers that were deleted by hand
ALTER TABLE memberships ADD CONSTRAINT fk_memberships_customer_id_customers
    FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE;
