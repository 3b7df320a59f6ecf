"""`python -m ainalym` is `ainalym`."""

from ainalym.cli import main

if __name__ == "__main__":
    main()
