"""An operator's delivery, before it is a month.

The empty form, proposed names, the check, and what one more file unlocks.
"""
