INSERT INTO events (id, payload, price, code) VALUES (1, '{}'::jsonb, 1.2345, 'abc') ON CONFLICT DO NOTHING;
