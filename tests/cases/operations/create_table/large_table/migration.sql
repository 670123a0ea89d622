CREATE TABLE archive (LIKE users INCLUDING ALL, archived_at timestamptz);
CREATE TABLE special (extra text) INHERITS (users);
