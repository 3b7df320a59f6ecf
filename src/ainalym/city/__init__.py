"""A city in, a city out: folders, extracts, roads."""
