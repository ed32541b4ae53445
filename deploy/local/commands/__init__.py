"""The commands, one file for each subject. What is slow to import is imported where it is used."""
