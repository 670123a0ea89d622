-- zdm: run in contract -- read by a report only
MERGE INTO visits_by_day AS v USING (SELECT day, count(*) AS n FROM rides GROUP BY day) AS r
    ON v.day = r.day
WHEN MATCHED THEN UPDATE SET rides = r.n
WHEN NOT MATCHED THEN INSERT (day, rides) VALUES (r.day, r.n);
-- zdm: run in contract -- nobody reads it any more
TRUNCATE favourites;
