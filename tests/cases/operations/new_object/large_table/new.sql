SELECT email FROM emails WHERE id = 1;
