ALTER TABLE engine_run RENAME TO lens_run;
ALTER INDEX engine_run_note_key RENAME TO lens_run_note_key;
ALTER TABLE lens_run RENAME COLUMN engine_id TO lens_id;
ALTER TABLE lens_run RENAME note TO parent_run_;
ALTER TABLE lens_run RENAME parent_run TO note;
ALTER TABLE lens_run RENAME parent_run_ TO parent_run;
