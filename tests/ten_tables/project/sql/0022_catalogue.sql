INSERT INTO districts (id, name, parent_id) VALUES (900001, 'Harbour', 1), (900002, 'Airport', NULL);
INSERT INTO models (id, name, family, price_cents) VALUES (900001, 'E-Bike', 'electric', 9900)
    ON CONFLICT (id) DO NOTHING;
SELECT setval('models_id_seq', 900001), setval('districts_id_seq', 900002);
INSERT INTO stations (code, name, district_id)
    SELECT 'st' || id - 900000, 'Hub ' || name, id FROM districts
    WHERE name IN ('Harbour', 'Airport')
    ON CONFLICT (code) DO UPDATE SET name = excluded.name;
CREATE TABLE visits_by_day (day date PRIMARY KEY, rides bigint NOT NULL);
CREATE TABLE favourites (
    customer_id bigint, bike_id bigint, PRIMARY KEY (customer_id, bike_id));
INSERT INTO favourites (customer_id, bike_id)
    SELECT DISTINCT customer_id, bike_id FROM rentals WHERE ended_at IS NOT NULL
    ON CONFLICT DO NOTHING;
