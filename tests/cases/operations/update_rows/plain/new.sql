SELECT name, note FROM roles;
