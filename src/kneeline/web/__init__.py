"""The coach: pages, live socket, and what the browser runs."""
