"""Gauges as Prometheus' client has them: a name, what it is about, and its series by labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from prometheus_client.core import GaugeMetricFamily

Labels: TypeAlias = tuple[str, ...]


def make_gauge(
    name: str, about: str, labels: Labels, values: Mapping[Labels, float]
) -> GaugeMetricFamily:
    """Return a gauge with a series for each combination of the labels' values, in their order."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for label_values in sorted(values):
        family.add_metric(label_values, values[label_values])
    return family


def make_single_gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    """Return a gauge of one series without labels."""
    return make_gauge(name, about, (), {(): value})
