CREATE TABLE scores (team text PRIMARY KEY, score int NOT NULL);
INSERT INTO scores VALUES ('red', 1), ('blue', 2);
ANALYZE scores;
VACUUM FULL scores;
CLUSTER scores USING scores_pkey;
VACUUM scores, users;
REINDEX TABLE CONCURRENTLY scores;
