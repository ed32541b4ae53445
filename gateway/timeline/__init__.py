"""'Why?': what happened to a medium or a job, from the log, in words and with the reasons."""
