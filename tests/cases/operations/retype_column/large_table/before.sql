CREATE TABLE prices (
    item integer NOT NULL,
    price numeric(10,2) NOT NULL DEFAULT 0 CHECK (price >= 0),
    discount numeric(5,1),
    rate numeric(6,0) DEFAULT 5,
    PRIMARY KEY (item, price)
);
CREATE INDEX prices_discount_idx ON prices (discount DESC) WHERE discount > 1.5;
INSERT INTO prices (item, price, discount) SELECT g, g / 7.0, nullif(g % 13, 0) / 2.0 FROM generate_series(1, 20000) AS g;
ANALYZE prices;
