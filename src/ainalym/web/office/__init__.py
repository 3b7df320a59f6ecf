"""The department's office: who works where, what points pay, which scales are verified."""
