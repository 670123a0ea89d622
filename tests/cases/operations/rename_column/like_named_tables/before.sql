-- user_email.y and user.email_y are one text where names are joined by `_`.
CREATE TABLE user_email (id bigint PRIMARY KEY, x text);
CREATE TABLE "user" (id bigint PRIMARY KEY, a text);
INSERT INTO user_email SELECT g, g::text FROM generate_series(1, 50) AS g;
INSERT INTO "user" SELECT g, g::text FROM generate_series(1, 50) AS g;
