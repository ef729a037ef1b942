"""``python -m tradegen`` is the command line."""

from tradegen.cli import main

if __name__ == "__main__":
    main()
