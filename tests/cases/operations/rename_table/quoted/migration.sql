ALTER TABLE "Sales"."Order Line" RENAME TO "User""s %s lines";
