"""``python -m tradegen`` is the command line."""

from tradegen.cli.main import main

if __name__ == "__main__":
    main()
