SELECT "Kind" FROM latest;
SELECT counted();
