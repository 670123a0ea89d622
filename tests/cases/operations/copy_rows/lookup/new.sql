SELECT t.name FROM posts AS p JOIN tags AS t ON t.id = p.tag_id;
