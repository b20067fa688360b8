"""The commands behind `make`: they start servers, talk to Airflow over REST, and print for people."""

from include.environment import ROOT

# Everything that a machine without Docker keeps: databases, Airflow's home, logs.
LOCAL = ROOT / ".local"
