-- zdm has no recipe for this, so a person says in which phase it is safe, and why.
-- zdm: run in expand -- only new pages of the index are filled less, which no version sees
ALTER INDEX orders_pkey SET (fillfactor = 80);
