"""How loads are shown."""
