UPDATE shown.people SET email = 'e' WHERE id = 1;
REFRESH MATERIALIZED VIEW CONCURRENTLY shown.seen;
SELECT id FROM shown.seen;
