DELETE FROM docs WHERE id = 2;
DELETE FROM folders WHERE id = 2;
