"""Road graphs made from OpenStreetMap extracts, and the engine that searches them."""
