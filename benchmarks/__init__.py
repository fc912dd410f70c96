"""How fast is a training step, against the textbook way and against what the machine can do?

`python -m benchmarks` (or `make bench`) measures, prints tables and writes a JSON file.
"""
