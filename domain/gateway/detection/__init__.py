"""What is looked for in events from outside: patterns of what belongs together, and hours unlike those before."""
