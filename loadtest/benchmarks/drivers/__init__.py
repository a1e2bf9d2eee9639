"""Who asks: users in closed and open loops, and what they ask."""
