"""What is typed: parsed and validated, never saved here."""
