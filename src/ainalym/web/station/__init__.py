"""The sorting station: the shift leader fetches, weighs in, sorts, bales, keeps and ships."""
