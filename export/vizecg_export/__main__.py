"""``python -m vizecg_export``: the command ``vizecg-export``."""

from vizecg_export.cli import main

if __name__ == "__main__":
    main()
