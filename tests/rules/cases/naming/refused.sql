CREATE TABLE "Users" (a int);
