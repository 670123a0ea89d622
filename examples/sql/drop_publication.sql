-- The warehouse reads exports now.
DROP PUBLICATION IF EXISTS warehouse;
