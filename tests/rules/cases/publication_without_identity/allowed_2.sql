CREATE PUBLICATION changes FOR TABLE log WITH (publish = 'insert');
