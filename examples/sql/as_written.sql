-- zdm has no recipe for this, so a person says in which phase it is safe, and why.
-- zdm: run in contract -- orders are only inserted and updated by key, so pages with room help
ALTER TABLE orders SET (fillfactor = 80);
