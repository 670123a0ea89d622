DELETE FROM roles WHERE id = 4;
CREATE UNIQUE INDEX roles_name ON roles (name);
