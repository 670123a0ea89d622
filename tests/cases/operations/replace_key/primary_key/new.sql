INSERT INTO note VALUES (2000, 1, 'new') ON CONFLICT (shop, id) DO UPDATE SET body = 'again';
SELECT body FROM note WHERE shop = 1 AND id = 2000;
