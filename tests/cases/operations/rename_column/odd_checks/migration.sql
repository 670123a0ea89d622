ALTER TABLE booking RENAME COLUMN note TO remark;
ALTER TABLE hashed RENAME COLUMN note TO remark;
