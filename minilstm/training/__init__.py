"""Learning: backpropagation through time, and a trainer."""
