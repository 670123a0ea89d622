-- zdm: run in contract -- a few models, and no two have the same name
ALTER TABLE models ADD CONSTRAINT ex_models_name EXCLUDE USING btree (name WITH =);
