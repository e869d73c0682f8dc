"""``python -m vizecg``: the command ``vizecg``."""

from vizecg.cli import main

if __name__ == "__main__":
    main()
