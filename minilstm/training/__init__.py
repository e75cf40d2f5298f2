"""How such a network learns: backpropagation through time, and a trainer."""
