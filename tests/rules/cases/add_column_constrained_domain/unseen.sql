CREATE DOMAIN away AS integer CHECK (VALUE > 0);
CREATE DOMAIN citext AS text;
