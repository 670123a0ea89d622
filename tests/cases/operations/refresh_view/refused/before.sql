CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, team text);
CREATE MATERIALIZED VIEW teams AS SELECT team, count(*) AS members FROM users WHERE team IS NOT NULL GROUP BY team;
CREATE VIEW named AS SELECT id FROM users;
CREATE MATERIALIZED VIEW mails AS SELECT email FROM users;
CREATE UNIQUE INDEX mails_low ON mails (lower(email));
CREATE UNIQUE INDEX mails_some ON mails (email) WHERE email > 'b';
CREATE UNIQUE INDEX mails_more ON mails (email, lower(email));
