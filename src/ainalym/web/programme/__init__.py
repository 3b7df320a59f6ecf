"""What the programme is made of: its sites, materials, prices and scales, and pick-ups."""
