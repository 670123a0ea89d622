ALTER TABLE orders ADD COLUMN discount int CHECK (discount >= 0),
    ADD COLUMN number uuid CONSTRAINT orders_numbered UNIQUE,
    ADD COLUMN shop bigint NOT NULL DEFAULT 1 REFERENCES shops;
