MERGE INTO visits_by_day AS v USING (SELECT day, count(*) AS n FROM rides GROUP BY day) AS r
    ON v.day = r.day
WHEN MATCHED THEN UPDATE SET rides = r.n
WHEN NOT MATCHED THEN INSERT (day, rides) VALUES (r.day, r.n);
TRUNCATE favourites;
