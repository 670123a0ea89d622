INSERT INTO roles (id, name) VALUES (2, 'editor'), (3, 'reader') ON CONFLICT DO NOTHING;
