"""The platform's own code: plain Python that takes open connections and gives back numbers.

Only `connections.py` knows Airflow; the DAG in `dags/` is a graph whose tasks call one function here.
`tables.py` lists what exists, and every other module loops over it.
"""
