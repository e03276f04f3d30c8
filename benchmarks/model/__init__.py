"""The models against reference models, simple rules and the truth, at three sizes."""
