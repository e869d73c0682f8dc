"""Android phones, through the ``adb`` program of the machine that they are plugged into."""
