CREATE PUBLICATION "All of it" FOR TABLE users, public."Odd One", parted, ONLY above;
CREATE PUBLICATION logged FOR TABLE logs WITH (publish = 'insert, truncate');
CREATE PUBLICATION roots FOR TABLE users WITH (publish_via_partition_root = true);
CREATE PUBLICATION empty;
