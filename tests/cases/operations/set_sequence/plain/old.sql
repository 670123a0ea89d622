SELECT name FROM roles;
