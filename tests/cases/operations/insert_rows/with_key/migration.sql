INSERT INTO task (id, title, settings) VALUES ('8e1f4a2b-5c63-4d8e-9a47-1b2f3c4d5e6f', 'first step', '{"gate": "ON"}'::jsonb);
INSERT INTO step (title) VALUES ('one'), ('two');
INSERT INTO kind VALUES (1, 'a'), (2, 'b'), (4, 'd');
ALTER TABLE kind ADD COLUMN note text;
