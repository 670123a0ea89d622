UPDATE booking SET remark = 'new' WHERE id = 2;
