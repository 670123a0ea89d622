CREATE TABLE words (word short);
