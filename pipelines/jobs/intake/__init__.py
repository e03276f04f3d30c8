"""An operator's delivery before it is a month: the empty form, proposed names, the check, and what one more file unlocks."""
