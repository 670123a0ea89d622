INSERT INTO surveys VALUES (100, 'k100', 'old') ON CONFLICT (share_key) DO UPDATE SET title = excluded.title;
