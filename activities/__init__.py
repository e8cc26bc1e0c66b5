"""What a demand does to the world: look at the fleet, engage a vehicle, write facts down.

One class for each resource, its resources injected. Activities may run twice, and may die at any line.
"""
