"""`python -m modelpack`: the command line without the script on the path."""

from modelpack.cli.main import main

if __name__ == "__main__":
    main()
