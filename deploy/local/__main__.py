"""`python -m deploy.local` is the `sluice` command."""

from deploy.local.cli import main

if __name__ == "__main__":
    main()
