-- Both refuse the same rows, so the index is built before the rollout.
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL, CONSTRAINT member_key UNIQUE (mail));
INSERT INTO member SELECT g, 'm' || g, 's' FROM generate_series(1, 20000) AS g;
ANALYZE member;
