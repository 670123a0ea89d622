-- deleted
DELETE FROM users WHERE id = :new;
