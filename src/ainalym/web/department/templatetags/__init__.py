"""What the department's pages say with."""
