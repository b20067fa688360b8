"""The report: the dashboard's pages as Power BI's pages and visuals.

Data flow: pages -> layout (which visual stands where) -> visuals (what each shows, as PBIR) -> files
"""

from powerbi.generate.report.files import files, shown

__all__ = ["files", "shown"]
