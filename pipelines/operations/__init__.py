"""Keeping an installation: backups that can be restored, and what lies in the home longer than it must."""
