"""What happens by itself: the processes, which may react to the events of every context."""
