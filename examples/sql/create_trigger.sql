-- Visits are counted as they come.
CREATE TRIGGER visits_counted AFTER INSERT ON visits
FOR EACH ROW EXECUTE FUNCTION count_visit();
