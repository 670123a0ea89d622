-- deleted
DELETE FROM orders WHERE id = :new;
