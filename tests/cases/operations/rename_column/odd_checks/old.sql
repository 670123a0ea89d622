UPDATE booking SET note = 'old' WHERE id = 1;
