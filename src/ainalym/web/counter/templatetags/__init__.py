"""Words for the counter's templates."""
