CALL tidied();
SELECT id FROM more;
