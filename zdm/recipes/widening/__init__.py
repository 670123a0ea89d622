"""Integer columns that become wider and keep their names; no operation is named here."""
