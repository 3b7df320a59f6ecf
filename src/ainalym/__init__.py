"""Plan, run and prove a city's recycling, from the household to the product on the shelf."""
