"""A SAMU, regulators, crews and moving vehicles that play through the public HTTP API only."""
