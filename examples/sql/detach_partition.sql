-- Readings of 2020 are no longer read with the others.
ALTER TABLE readings DETACH PARTITION readings_2020;
