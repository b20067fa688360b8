"""A business day as one HTML page: KPIs, why the one that moved most did, what was rejected and published.

Data flow: the day of a publication -> facts (of the star as bi_reader, of ops and quarantine as elt_loader)
-> page -> <data root>/reports/kpi-report-<day>.html.
"""

from include.report.task import write_kpi_report

__all__ = ["write_kpi_report"]
