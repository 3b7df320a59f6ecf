"""Mathematics: arrays in, answers with a bound out; no word of waste."""
