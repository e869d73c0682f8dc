"""``python -m vizecg_lab``."""

from vizecg_lab.cli import main

if __name__ == "__main__":
    main()
