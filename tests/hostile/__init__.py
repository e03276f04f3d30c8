"""Deliveries that mean harm, by type and by value; all nine rooms must stand them."""
