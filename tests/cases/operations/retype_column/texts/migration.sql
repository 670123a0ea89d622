ALTER TABLE countries
    ALTER COLUMN code TYPE varchar(3),
    ALTER COLUMN name TYPE varchar(40),
    ALTER COLUMN region TYPE varchar(20) USING region::varchar(20);
ALTER TABLE cities ALTER COLUMN country TYPE varchar(3);
