"""Challengers: how models are fitted, judged, kept and made champion."""
