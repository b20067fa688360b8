"""The platform's own code: plain Python that takes open connections and gives back numbers.

Only `connections.py` knows Airflow; the DAG in `dags/` is a graph whose tasks call one function here.
`sources.yml` declares what is brought, `tables.py` lists it, and every other module loops over that.
"""
