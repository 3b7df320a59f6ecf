"""Persons, their duties and languages; signing in, and who may do what where."""
