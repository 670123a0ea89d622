"""Changes of the schema that objects are in, of whom they belong to, and of default rights."""
