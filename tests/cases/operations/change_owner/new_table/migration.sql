CREATE TABLE "Odd" (id bigserial PRIMARY KEY, said text);
ALTER TABLE "Odd" OWNER TO zdm_owner;
CREATE VIEW heard AS SELECT id FROM users;
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO zdm_owner;
ALTER VIEW heard OWNER TO zdm_owner;
