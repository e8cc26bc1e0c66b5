"""Where things are and how long it takes to get there. Depends on the domain only; never on storage."""
