UPDATE roles SET remark = 'new' WHERE id = 2;
SELECT remark FROM roles;
