UPDATE events SET kind = 'x' WHERE id = 1;
