"""``python -m tanhui`` is the command ``tanhui``."""

from tanhui.faces.cli import main

if __name__ == "__main__":
    main()
