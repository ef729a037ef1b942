"""What everything stands on: columns and units, random streams, times of day, text of values, statistics."""
