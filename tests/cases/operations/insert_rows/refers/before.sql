-- Rows that refer to what only production has.
CREATE TABLE p (id int PRIMARY KEY, code text NOT NULL CHECK (code ~ '^[A-Z]{3}$'));
CREATE TABLE pair (a int, b text, PRIMARY KEY (a, b));
CREATE TABLE ch (id int PRIMARY KEY, pid int NOT NULL REFERENCES p, a int, b text,
    FOREIGN KEY (a, b) REFERENCES pair DEFERRABLE INITIALLY DEFERRED);
INSERT INTO p VALUES (77, 'ABC');
INSERT INTO pair VALUES (5, 'x y');
