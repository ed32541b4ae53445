"""Libraries from folders: what lies in operators' folders becomes media, and stays where it is."""
