SELECT doc FROM docs WHERE id = 2;
