"""One run or a batch of them: opened, played by either driver, and told."""
