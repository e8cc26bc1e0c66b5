"""PostgreSQL: tables, journal, projection, queries and the feed. No rule of the business lives here."""
