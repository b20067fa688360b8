"""The queue of tasks that take long or much memory; every other task is in Airflow's own, `default`.

Where tasks are processes of the scheduler a queue means nothing. Celery's workers take tasks by it, and on
Kubernetes it says how large a task's pod is.
"""

HEAVY = "heavy"
