CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT n FROM generate_series(1, 30) AS n;
CREATE TABLE moods (id integer NOT NULL, mood varchar(20) NOT NULL, order_id bigint REFERENCES orders (id), CONSTRAINT moods_id CHECK (id > 0), UNIQUE (mood, id)) PARTITION BY LIST (mood);
CREATE TABLE moods_sad PARTITION OF moods FOR VALUES IN ('sad');
CREATE TABLE glad (id integer NOT NULL, mood varchar(20) NOT NULL, order_id bigint REFERENCES orders (id), CONSTRAINT moods_id CHECK (id > 0), UNIQUE (mood, id));
INSERT INTO moods SELECT n, 'sad', n FROM generate_series(1, 30) AS n;
INSERT INTO glad SELECT n, CASE WHEN n % 2 = 0 THEN 'ok' ELSE 'glad' END, n FROM generate_series(1, 30) AS n;
