"""Loads between sites: under way, weighed in, offered for; what station and plant both need."""
