CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, team text, city text);
CREATE STATISTICS pair ON team, city FROM users;
