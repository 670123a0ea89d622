CREATE TABLE tags (id bigint PRIMARY KEY, word text);
CREATE INDEX tags_word ON tags (word);
ALTER INDEX tags_word RENAME TO ix_tags_word;
ALTER INDEX tags_pkey RENAME TO pk_tags;
