"""The command line's nouns, one file each; api/cli.py lists them."""
