UPDATE settings SET theme = 'light' WHERE user_id = 1;
SELECT theme FROM settings;
