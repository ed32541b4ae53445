"""The routes of the older systems, a module for each, kept for clients that know no others."""
