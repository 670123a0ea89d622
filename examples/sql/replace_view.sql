-- The report shows the visits without an address, too.
CREATE OR REPLACE VIEW visited AS SELECT page, id FROM visits;
