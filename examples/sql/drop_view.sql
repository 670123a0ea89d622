-- The report reads the table now.
DROP VIEW visited;
