ALTER TABLE orders ADD CONSTRAINT taken CHECK (total >= 0);
ALTER TABLE orders ADD CHECK (missing > 0);
ALTER TABLE missing ADD CHECK (a > 0);
ALTER TABLE ONLY orders ADD CHECK (total > 0);
ALTER TABLE orders ADD CHECK (orders IS NOT NULL);
