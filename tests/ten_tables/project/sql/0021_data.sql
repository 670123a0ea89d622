-- from another table, by key and in batches
UPDATE payments AS p SET amount = r.price FROM rentals AS r
    WHERE r.id = p.rental_id AND r.price IS NOT NULL AND p.reference LIKE 'P%'
    AND p.amount IS DISTINCT FROM r.price;
-- few rows
WITH first AS (SELECT min(id) AS id FROM districts)
UPDATE stations SET district_id = first.id FROM first WHERE stations.district_id IS NULL;
UPDATE models SET price_cents = price_cents + 1 WHERE id IN (1, 2, 3);
DELETE FROM messages WHERE body LIKE 'text 1%' AND read = false;
DELETE FROM memberships USING stations AS s
    WHERE s.id = memberships.station_id AND memberships.role = 'banned' AND s.capacity > 0;
