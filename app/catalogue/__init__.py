"""The data catalogue: what is kept about whom, where, what for and for how long."""
