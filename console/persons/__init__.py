"""A person's rights: objection and consent, decisions explained, their data in their hands."""
