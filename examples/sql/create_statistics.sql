-- The page of an order depends on its customer.
CREATE STATISTICS visits_page_id (dependencies) ON page, id FROM visits;
