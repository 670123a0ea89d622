INSERT INTO parents DEFAULT VALUES;
INSERT INTO children (parent_id) SELECT max(id) FROM parents;
