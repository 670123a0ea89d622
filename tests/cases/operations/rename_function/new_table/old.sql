CALL tidy();
