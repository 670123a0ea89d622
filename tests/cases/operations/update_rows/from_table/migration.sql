ALTER TABLE members ADD COLUMN label text;
UPDATE members AS m SET label = r.name FROM roles AS r WHERE r.id = m.role_id;
WITH loud AS (SELECT id, upper(name) AS name FROM roles) UPDATE members SET role_name = (SELECT name FROM loud WHERE loud.id = role_id);
