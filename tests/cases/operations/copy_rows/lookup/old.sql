UPDATE posts SET title = 'old' WHERE id = 1;
SELECT tag FROM posts;
