"""Twelve lessons: each breaks the project in a copy of its own, and checks the repair.

Data flow: NN_name.yml -> a copy of the project with the fault -> the learner mends it -> tests judge it.
"""
