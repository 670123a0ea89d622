ALTER TABLE models ADD CONSTRAINT ex_models_name EXCLUDE USING btree (name WITH =);
