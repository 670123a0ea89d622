SELECT "Kind" FROM "Recent";
SELECT counted();
