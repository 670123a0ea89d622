-- The warehouse reads visits from a replica of its own; pages stay here.
CREATE PUBLICATION warehouse FOR TABLE visits WITH (publish = 'insert, update');
