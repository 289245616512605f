"""What campaigns need beside the domain and the views."""
