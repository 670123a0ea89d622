INSERT INTO note VALUES (1000, 1, 'old') ON CONFLICT (id) DO UPDATE SET body = 'again';
SELECT body FROM note WHERE id = 1000;
