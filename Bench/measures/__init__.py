"""What Bench/run measures, a module for each section of docs/numbers.md."""
