SELECT * FROM archive;
