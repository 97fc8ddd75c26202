"""Pages that look across the house; each module is one group of addresses."""
