-- Only pages of the shop are announced.
DROP TRIGGER visits_announced ON visits;
CREATE TRIGGER visits_announced AFTER INSERT ON visits
FOR EACH ROW WHEN (NEW.page LIKE '/shop/%') EXECUTE FUNCTION count_visit();
