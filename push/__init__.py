"""Notifications (Web Push): they follow the journal, and reach whoever must answer or leave, even with the page closed."""
