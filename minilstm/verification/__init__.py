"""Does an implementation follow the equations, and if not, why."""
