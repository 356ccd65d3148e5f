"""Floor 1: the library. Clinical knowledge as data: a strict schema, TOML files, and one loader."""
