"""What the simulator costs: `python -m benchmarks`, one file a question, nothing asserted."""
