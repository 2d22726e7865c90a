"""One run or a batch of them: opened, played by either driver, described, and stored."""
