"""Backup and restore of the embedded stack: both databases at one moment, and the keys."""
