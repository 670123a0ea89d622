CREATE STATISTICS pair ON team, email FROM users;
CREATE STATISTICS more ON team, gone FROM users;
CREATE STATISTICS more ON team, lower(gone) FROM users;
