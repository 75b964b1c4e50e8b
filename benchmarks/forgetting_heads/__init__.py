"""What the present methods achieve on the bundled model, by all judges in all places: tuning, then a table.

    python -m benchmarks.forgetting_heads tune      # every candidate on development people (seeds 0 to 999)
    python -m benchmarks.forgetting_heads freeze    # writes frozen.json by the rule of `rule.py`; commit it
    python -m benchmarks.forgetting_heads table     # fresh people (seeds from 10,000 on)
    python -m benchmarks.forgetting_heads page      # writes table.md anew from the lines
    python -m benchmarks.forgetting_heads picture   # draws the page's picture from those of the runs

Each finished run is a line of `tuning.jsonl` or `results.jsonl`. The same command resumes: a run that has its
line is not run again. Each command but `freeze` ends by writing `table.md`. The two stages take hours on two
CPU cores.
"""
