"""A look at the fleet: from rows and roads to verdicts. Shared by the activities, the API and the commands."""
