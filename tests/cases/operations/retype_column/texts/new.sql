INSERT INTO countries (code, name) VALUES ('new', 'new') ON CONFLICT (name) DO UPDATE SET region = 'e''t';
INSERT INTO cities (country) VALUES ('new'::varchar(3));
DELETE FROM cities WHERE country = 'new';
