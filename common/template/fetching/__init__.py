"""From what a user names to the folder of one template: its address, the repository or zip file, the choice in it."""
