SELECT nextval('extra.numbers');
