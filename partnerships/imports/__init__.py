"""Reads the partner list an office really keeps: workbook → rows → values with precision, problems and notes."""
