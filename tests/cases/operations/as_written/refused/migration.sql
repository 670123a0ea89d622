DROP VIEW names;
