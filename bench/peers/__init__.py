"""Other people's published instances, stated with our own programs."""
