"""Keeping an installation: is it sound, what is owed, metrics, backups and restoring, tidying."""
