"""The demonstration: one school, its partners, and two years of what happened between them, invented throughout."""
