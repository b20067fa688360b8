"""The star, looked at: pages in the browser, and a folder of them that needs no server.

Data flow: trusted -> one publication is copied into DuckDB (copying, publications) -> a page's questions
are asked of the copy by include.metrics (star, answers) -> cards and charts (cards, figures, specs) -> HTML
(views, app, templates) -> the same pages as files (export).
"""
