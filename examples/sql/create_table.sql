-- Customers review products.
CREATE TABLE reviews (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id integer NOT NULL REFERENCES products (id),
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    text text
);
