"""A person's report for a physio: one object, told from dated records, and the printers that show it."""
