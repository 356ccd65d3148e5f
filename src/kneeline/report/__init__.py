"""Floor 3: an answer as a person or a script wants it: terminal, JSON, series, HTML page, overlay video."""
