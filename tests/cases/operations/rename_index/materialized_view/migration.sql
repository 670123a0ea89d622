ALTER INDEX cities_city RENAME TO cities_key;
ALTER INDEX "Cities N" RENAME TO cities_n;
