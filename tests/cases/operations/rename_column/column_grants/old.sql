INSERT INTO t (id, a) VALUES (1000, 'old') ON CONFLICT (id) DO UPDATE SET a = 'older';
SELECT id, a FROM t;
