"""The league table: this project, a plain rule list and churnkit on the same synthetic operator."""
