"""The pages of data quality: findings and what they touch, waivers, runs, the release."""
