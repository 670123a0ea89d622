DROP INDEX "Cities N";
DROP INDEX public.cities_city;
