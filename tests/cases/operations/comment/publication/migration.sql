COMMENT ON PUBLICATION "All of it" IS '{n} is not a placeholder, nor is $1';
COMMENT ON PUBLICATION other IS 'Other.';
CREATE PUBLICATION fresh FOR TABLE users;
COMMENT ON PUBLICATION fresh IS 'New.';
