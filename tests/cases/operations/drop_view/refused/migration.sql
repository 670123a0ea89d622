DROP VIEW named;
DROP VIEW first_named CASCADE;
DROP VIEW no_such_view;
DROP VIEW kept;
DROP VIEW other;
CREATE VIEW other AS SELECT email FROM users;
CREATE OR REPLACE VIEW last AS SELECT id, email FROM users;
DROP VIEW last;
