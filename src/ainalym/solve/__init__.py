"""The mathematics: arrays in, an `Answer` out. Nothing here has heard of waste."""
