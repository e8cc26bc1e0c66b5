"""`rescousse directory`: who is who in an installation, from one file of its operator to the database, and back."""
