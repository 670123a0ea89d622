ALTER TABLE folders ADD CONSTRAINT folders_parent FOREIGN KEY (parent_id) REFERENCES folders;
