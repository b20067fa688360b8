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
# By the ID of a rule and the label of an object (`Node.label`), why the object breaks it.
EXCUSED: dict[tuple[str, str], str] = {}
