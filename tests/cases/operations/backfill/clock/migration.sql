UPDATE users SET seen = now() WHERE seen IS NULL;
