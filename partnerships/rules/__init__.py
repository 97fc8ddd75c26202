"""Pure functions over plain values: codes, names and phones as they stand in people's lists."""
