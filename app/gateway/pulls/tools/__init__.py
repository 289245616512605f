"""The tools that connectors know, each as it says its items."""
