"""``python -m vizecg_bench``: the command ``vizecg-bench``."""

from vizecg_bench.cli import main

if __name__ == "__main__":
    main()
