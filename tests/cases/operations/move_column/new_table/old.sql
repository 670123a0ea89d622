SELECT id FROM unrelated;
