UPDATE runs AS r SET label = k.label FROM kinds AS k WHERE k.id = r.kind_id AND (r.label IS NULL OR NOT (r.label = k.label));
UPDATE runs SET state = (SELECT s.name FROM states AS s WHERE s.run_id = runs.id ORDER BY s.at DESC, s.id DESC LIMIT 1);
UPDATE runs SET note = 'seen', noted = now() WHERE COALESCE(note, '') <> 'seen';
