SELECT name FROM folders;
