INSERT INTO users (email) VALUES ('old') ON CONFLICT (email) DO UPDATE SET city = 'Bonn';
SELECT email FROM emails;
SELECT counted();
SET ROLE case_reader;
SELECT users.id FROM users, notes;
RESET ROLE;
