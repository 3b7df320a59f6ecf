"""How dates and numbers are written, where the framework does not know it."""
