SELECT n FROM cities;
