"""Named studies: a question, its sweeps, what came out and what would overturn it.

One file a study; its sweeps stand under `configs/experiment/`, its summary under `summaries/`.
`python -m experiments NAME` plays the sweeps, or goes on where they were cut off, and writes the
summary.
"""
