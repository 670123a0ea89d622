-- Nobody listens to visits any more.
DROP TRIGGER visits_announced ON visits;
