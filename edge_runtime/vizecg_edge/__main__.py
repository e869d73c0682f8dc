"""``python -m vizecg_edge``: the command ``vizecg-edge``."""

from vizecg_edge.cli import main

if __name__ == "__main__":
    main()
