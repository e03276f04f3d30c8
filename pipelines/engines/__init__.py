"""Engines that run our SQL. Each has the same few methods and is proved by the same cases."""
