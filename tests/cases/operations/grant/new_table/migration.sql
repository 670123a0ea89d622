CREATE TABLE tags (id bigint PRIMARY KEY);
CREATE TABLE words (id bigint PRIMARY KEY);
GRANT SELECT ON tags TO zdm_reader;
GRANT SELECT, INSERT ON tags, words TO "zdm Writer";
REVOKE INSERT ON tags, words FROM "zdm Writer";
