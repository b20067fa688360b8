"""The rules that are not judged, and the objects that may break one."""

STATISTICS = "needs statistics of a loaded model"
# By the ID of a rule, why no check of the model's text can judge it.
NOT_JUDGED: dict[str, str] = {
    "AVOID_BI-DIRECTIONAL_RELATIONSHIPS_AGAINST_HIGH-CARDINALITY_COLUMNS": STATISTICS,
    "FIX_REFERENTIAL_INTEGRITY_VIOLATIONS": STATISTICS,
    "LARGE_TABLES_SHOULD_BE_PARTITIONED": STATISTICS,
    "REDUCE_USAGE_OF_LONG-LENGTH_COLUMNS_WITH_HIGH_CARDINALITY": STATISTICS,
    "SPLIT_DATE_AND_TIME": STATISTICS,
}
PLACES = "shares of thirds have more than the four places of a decimal number"
AS_IT_WAS = "what the title was called and rated at that time, not now"
PEOPLE = "counts people, whichever version of a user the session points to"
# By the ID of a rule of the lowest severity, why the whole model breaks it.
NOT_KEPT: dict[str, str] = {
    "DATECOLUMN_FORMATSTRING": "a day is written as 2024-08-30, which is read the same everywhere",
    "RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE": "facts point to the calendar by a date",
    "REMOVE_ROLES_WITH_NO_MEMBERS": "who has a role is said in the service",
}
# The same, of the project in DirectQuery.
IN_DIRECT_QUERY: dict[str, str] = {
    "MEASURES_USING_TIME_INTELLIGENCE_AND_MODEL_IS_USING_DIRECT_QUERY": "the page says that they are slower",
    "MODEL_USING_DIRECT_QUERY_AND_NO_AGGREGATIONS": "summaries are tables of the star that people choose",
}
# By the ID of a rule and the label of an object (`Node.label`), why the object breaks it.
EXCUSED: dict[tuple[str, str], str] = {
    ("AVOID_FLOATING_POINT_DATA_TYPES", "Content Genres[Weight]"): PLACES,
    ("AVOID_FLOATING_POINT_DATA_TYPES", "Summary Genre Performance[Completed Sessions]"): PLACES,
    ("AVOID_FLOATING_POINT_DATA_TYPES", "Summary Genre Performance[Sessions]"): PLACES,
    ("AVOID_FLOATING_POINT_DATA_TYPES", "Viewing Sessions By Genre[Watch Minutes]"): PLACES,
    ("AVOID_FLOATING_POINT_DATA_TYPES", "Viewing Sessions By Genre[Weight]"): PLACES,
    ("HIDE_FACT_TABLE_COLUMNS", "Content[Rating]"): "describes a title too: people filter by it",
    ("INTEGER_FORMATTING", "Metrics[Cost per watched hour]"): "an amount has cents",
    ("REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES", "Content History[Catalogue Views]"): AS_IT_WAS,
    ("REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES", "Content History[Is Available]"): AS_IT_WAS,
    ("REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES", "Content History[Rating]"): AS_IT_WAS,
    ("REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES", "Content History[Title]"): AS_IT_WAS,
    ("REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES", "Viewing Sessions[User Id]"): PEOPLE,
    ("REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES", "Viewing Sessions By Genre[User Id]"): PEOPLE,
    ("UNNECESSARY_COLUMNS", "Metrics[Metric]"): "a table must have a column",
    ("ENSURE_TABLES_HAVE_RELATIONSHIPS", "Data Events"): "tells of loads, not of sessions",
    ("ENSURE_TABLES_HAVE_RELATIONSHIPS", "Data Freshness"): "has one row",
    ("ENSURE_TABLES_HAVE_RELATIONSHIPS", "Metrics"): "has no rows",
    ("ENSURE_TABLES_HAVE_RELATIONSHIPS", "Summary Country Engagement"): "one row for each country",
    ("ENSURE_TABLES_HAVE_RELATIONSHIPS", "Summary Weekly Engagement"): "one row for each week",
    ("FORMAT_FLAG_COLUMNS_AS_YES/NO_VALUE_STRINGS", "Dates[Iso Year]"): "begins with Iso, not with Is",
    ("MONTHCOLUMN_FORMATSTRING", "Summary Monthly Engagement[Month End Date]"): "is a day",
}
