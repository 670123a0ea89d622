-- The warehouse counts visits, and needs new ones alone.
CREATE PUBLICATION warehouse FOR TABLE visits WITH (publish = 'insert');
