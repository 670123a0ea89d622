CREATE TABLE logs (at timestamptz);
