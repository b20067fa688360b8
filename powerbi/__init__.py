"""The Power BI project, and what generates it."""
