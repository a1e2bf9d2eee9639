"""Users in closed and open loops, what they ask, and what hostile clients send."""
