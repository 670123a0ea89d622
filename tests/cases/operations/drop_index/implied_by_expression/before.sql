CREATE TABLE member (id bigint PRIMARY KEY, mail text, state varchar(20) NOT NULL DEFAULT 'active');
CREATE UNIQUE INDEX only_one_active_mail ON member (mail, state) WHERE state = 'active' AND id > 0;
INSERT INTO member SELECT g, 'm' || g FROM generate_series(1, 50) AS g;
