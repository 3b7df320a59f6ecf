"""Measured claims: every number the documentation quotes is taken here."""
