"""Speed of a training step, compared with the textbook implementation and the machine's rates.

`python -m benchmarks` (or `make bench`) measures, prints tables and writes a JSON file.
"""
