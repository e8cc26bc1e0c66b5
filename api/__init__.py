"""The public HTTP API: every word that is said to or by Rescousse goes through here."""
