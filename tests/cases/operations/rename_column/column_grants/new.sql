INSERT INTO t (id, b) VALUES (2000, 'new') ON CONFLICT (id) DO UPDATE SET b = 'newer';
SELECT id, b FROM t;
