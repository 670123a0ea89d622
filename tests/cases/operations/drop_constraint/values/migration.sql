ALTER TABLE orders DROP CONSTRAINT known;
-- zdm: keep old values
UPDATE orders SET state = 'done' WHERE state = 'closed';
ALTER TABLE orders ADD CONSTRAINT known CHECK (state IN ('open', 'done'));
