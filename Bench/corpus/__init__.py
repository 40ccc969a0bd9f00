"""The text the benchmark is run on: a world of hosts and the lines its programs write."""
