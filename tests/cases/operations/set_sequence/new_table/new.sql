SELECT city FROM users;
SELECT city FROM people;
