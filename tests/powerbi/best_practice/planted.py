"""For each check a change of the specimen that breaks its rule, and which rules break with it."""

DATE, TITLE, SESSION = "tables/Date.tmdl", "tables/Title.tmdl", "tables/Viewing Session.tmdl"
SCOPE, ROLE, OVERVIEW = "tables/Scope.tmdl", "roles/Movie Viewer.tmdl", "perspectives/Overview.tmdl"
JOINS, SOURCES, EXTRA = "relationships.tmdl", "dataSources.tmdl", "tables/Extra.tmdl"
DAY_KEY, TITLE_KEY = (
    "\tfromColumn: 'Viewing Session'.'Date Key'",
    "\tfromColumn: 'Viewing Session'.'Title Key'",
)
HIDDEN_TITLE_KEY = "\tcolumn 'Title Key'\n\t\tdataType: int64\n\t\tisHidden\n"
EACH_MONTH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun")
DIRECT_QUERY = (TITLE, "mode: import", "mode: directQuery")
Edit = tuple[str, str, str]


def measure(name: str, dax: str, *properties: str) -> Edit:
    """Append a measure that breaks no rule but by its name and its DAX."""
    lines = (f"\t/// Added\n\tmeasure {name} = {dax}", "formatString: #,0", *properties)
    return SESSION, "", "\n" + "\n\t\t".join(lines) + "\n"


def column(file: str, name: str, kind: str, *properties: str) -> Edit:
    """Append a column that breaks no rule but by its name, type and properties."""
    lines = (f"dataType: {kind}", "summarizeBy: none", *properties)
    source = () if "=" in name else ("sourceColumn: added",)
    return file, "", "\n" + "\n\t\t".join((f"\t/// Added\n\tcolumn {name}", *lines, *source)) + "\n"


def table(name: str, partition: str = "m", *properties: str) -> Edit:
    """Add a table with a key and a day, which `joined` joins to the sessions."""
    lines = (f"/// Added\ntable {name}", *properties, f"\n\tpartition {name} = {partition}")
    number = column("", "Number", "int64", "isHidden", "isAvailableInMdx: false", "isKey")[2]
    day = column("", "Day", "dateTime", *(["isKey"] if properties else []))[2]
    return EXTRA, "", "\n\t".join(lines) + "\n\t\tmode: import\n\t\tsource = ROW ( 1 )\n" + number + day


def joined(name: str) -> Edit:
    """Add a relationship of the sessions with a table of `table`."""
    return JOINS, "", f"\nrelationship {name}\n{TITLE_KEY}\n\ttoColumn: {name}.Number\n"


PLANTED: dict[str, tuple[Edit, ...]] = {
    # Performance
    "AVOID_FLOATING_POINT_DATA_TYPES": ((SESSION, "dataType: decimal", "dataType: double"),),
    "ISAVAILABLEINMDX_FALSE_NONATTRIBUTE_COLUMNS": ((TITLE, "\t\tisAvailableInMdx: false\n", ""),),
    "REDUCE_USAGE_OF_CALCULATED_COLUMNS_THAT_USE_THE_RELATED_FUNCTION": (
        column(SESSION, "Sort = RELATED ( 'Title'[Kind] )", "string"),
    ),
    "SNOWFLAKE_SCHEMA_ARCHITECTURE": (
        (JOINS, "", "\nrelationship a\n\tfromColumn: Title.'Title Key'\n\ttoColumn: Date.'Date Key'\n"),
    ),
    "MODEL_SHOULD_HAVE_A_DATE_TABLE": ((DATE, "\t\tisKey\n", ""),),
    "DATE/CALENDAR_TABLES_SHOULD_BE_MARKED_AS_A_DATE_TABLE": (table("Update"), joined("Update")),
    "REMOVE_AUTO-DATE_TABLE": (
        table("LocalDateTable_1", "calculated", "dataCategory: Time"), joined("LocalDateTable_1")
    ),
    "REDUCE_USAGE_OF_CALCULATED_TABLES": (table("Extra", "calculated"), joined("Extra")),
    "REDUCE_NUMBER_OF_CALCULATED_COLUMNS": tuple(
        column(SESSION, f"Part{number} = \"a\"", "string") for number in range(5)
    ),
    "MINIMIZE_POWER_QUERY_TRANSFORMATIONS": ((DATE, "Table.SelectColumns(", "Table.Group("),),
    "UNPIVOT_PIVOTED_(MONTH)_DATA": tuple(column(TITLE, month, "decimal") for month in EACH_MONTH),
    "REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES": (column(SESSION, "Kind", "string"),),
    "MODEL_USING_DIRECT_QUERY_AND_NO_AGGREGATIONS": (DIRECT_QUERY,),
    "MEASURES_USING_TIME_INTELLIGENCE_AND_MODEL_IS_USING_DIRECT_QUERY": (
        DIRECT_QUERY,
        (SESSION, "\t\tchangedProperty = IsHidden", "\t\talternateOf\n\t\t\tbaseTable: Title"),
        (SCOPE, "REMOVEFILTERS ( 'Title' )", "DATEADD ( 'Date'[Date], -1, MONTH )"),
    ),
    # Performance of relationships
    "AVOID_EXCESSIVE_BI-DIRECTIONAL_OR_MANY-TO-MANY_RELATIONSHIPS": (
        (JOINS, DAY_KEY, "\tcrossFilteringBehavior: bothDirections\n" + DAY_KEY),
    ),
    "CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID": (
        (JOINS, DAY_KEY, "\tcrossFilteringBehavior: bothDirections\n" + DAY_KEY),
        *((JOINS, "", f"\nrelationship {name}\n{DAY_KEY}\n\ttoColumn: Date.'Date Key'\n") for name in "ab"),
    ),
    "MANY-TO-MANY_RELATIONSHIPS_SHOULD_BE_SINGLE-DIRECTION": (
        (JOINS, DAY_KEY, "\ttoCardinality: many\n\tcrossFilteringBehavior: bothDirections\n" + DAY_KEY),
    ),
    "AVOID_USING_MANY-TO-MANY_RELATIONSHIPS_ON_TABLES_USED_FOR_DYNAMIC_ROW_LEVEL_SECURITY": (
        (JOINS, TITLE_KEY, "\ttoCardinality: many\n" + TITLE_KEY),
    ),
    "LIMIT_ROW_LEVEL_SECURITY_(RLS)_LOGIC": ((ROLE, "'Title'[Kind]", "LOWER ( 'Title'[Kind] )"),),
    "CHECK_IF_DYNAMIC_ROW_LEVEL_SECURITY_(RLS)_IS_NECESSARY": ((ROLE, '"movie"', "USERPRINCIPALNAME()"),),
    # DAX
    "DAX_COLUMNS_FULLY_QUALIFIED": ((SESSION, "SUM ( 'Viewing Session'[", "SUM ( ["),),
    "DAX_MEASURES_UNQUALIFIED": ((SESSION, ", [Sessions] )", ", 'Viewing Session'[Sessions] )"),),
    "AVOID_DUPLICATE_MEASURES": (measure("Views", "COUNTROWS('Viewing Session')"),),
    "USE_THE_TREATAS_FUNCTION_INSTEAD_OF_INTERSECT": (measure("M", "INTERSECT ( 'Title', 'Title' )"),),
    "USE_THE_DIVIDE_FUNCTION_FOR_DIVISION": (measure("Half", "[Sessions] / 2"),),
    "AVOID_USING_THE_IFERROR_FUNCTION": (measure("M", "IFERROR ( [Sessions], 0 )"),),
    "MEASURES_SHOULD_NOT_BE_DIRECT_REFERENCES_OF_OTHER_MEASURES": (measure("Views", "[Sessions]"),),
    "FILTER_COLUMN_VALUES": (
        measure("M", "CALCULATE ( [Sessions], FILTER ( 'Title', 'Title'[Kind] = \"movie\" ) )"),
    ),
    # With a blank before the bracket it breaks the other rule too, whose pattern takes the blank for a table.
    "FILTER_MEASURE_VALUES_BY_COLUMNS": (
        measure("M", "CALCULATE ( [Sessions], FILTER ( 'Title',[Sessions] > 1 ) )"),
    ),
    "INACTIVE_RELATIONSHIPS_THAT_ARE_NEVER_ACTIVATED": (
        (JOINS, "relyOnReferentialIntegrity", "isActive: false"),
    ),
    "AVOID_USING_'1-(X/Y)'_SYNTAX": (measure("M", "1 - DIVIDE ( [Sessions], 2 )"),),
    "EVALUATEANDLOG_SHOULD_NOT_BE_USED_IN_PRODUCTION_MODELS": (
        measure("M", "EVALUATEANDLOG ( [Sessions] )"),
    ),
    # Error prevention
    "DATA_COLUMNS_MUST_HAVE_A_SOURCE_COLUMN": ((DATE, "\t\tsourceColumn: year\n", ""),),
    "EXPRESSION_RELIANT_OBJECTS_MUST_HAVE_AN_EXPRESSION": (measure("M", ""),),
    "AVOID_STRUCTURED_DATA_SOURCES_WITH_PROVIDER_PARTITIONS": (
        (SOURCES, "", "dataSource Old = structured\n"),
        (TITLE, "", "\n\tpartition Old = query\n\t\tsource\n\t\t\tquery = select 1\n\t\t\tdataSource: Old\n"),
    ),
    "AVOID_THE_USERELATIONSHIP_FUNCTION_AND_RLS_AGAINST_THE_SAME_TABLE": (
        measure("M", "USERELATIONSHIP ( 'Viewing Session'[Title Key], 'Title'[Title Key] )"),
    ),
    "RELATIONSHIP_COLUMNS_SAME_DATA_TYPE": ((TITLE, "dataType: int64", "dataType: string"),),
    "AVOID_INVALID_NAME_CHARACTERS": ((DATE, "level Day", "level 'Da\ay'"),),
    "AVOID_INVALID_DESCRIPTION_CHARACTERS": ((DATE, "/// The day", "/// The \aday"),),
    "SET_ISAVAILABLEINMDX_TO_TRUE_ON_NECESSARY_COLUMNS": (
        (DATE, "sourceColumn: month\n", "sourceColumn: month\n\t\tisAvailableInMdx: false\n"),
    ),
    # Formatting
    "FORMAT_FLAG_COLUMNS_AS_YES/NO_VALUE_STRINGS": (column(TITLE, "'Is New'", "int64"),),
    "OBJECTS_SHOULD_NOT_START_OR_END_WITH_A_SPACE": ((DATE, "hierarchy Calendar", "hierarchy ' Calendar'"),),
    "DATECOLUMN_FORMATSTRING": ((DATE, "mm/dd/yyyy", "yyyy-mm-dd"),),
    "MONTHCOLUMN_FORMATSTRING": (column(DATE, "'Month Start'", "dateTime", "formatString: mm/dd/yyyy"),),
    "PROVIDE_FORMAT_STRING_FOR_MEASURES": ((SESSION, "\t\tformatString: #,0\n", ""),),
    "NUMERIC_COLUMN_SUMMARIZE_BY": (
        (DATE, "summarizeBy: none\n\t\tsourceColumn: year", "summarizeBy: sum\n\t\tsourceColumn: year"),
    ),
    "PERCENTAGE_FORMATTING": ((SESSION, "#,0.0%;-#,0.0%;#,0.0%", "0.0%"),),
    "INTEGER_FORMATTING": ((SESSION, "#,0\n", "#,##0\n"),),
    "RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE": (
        (TITLE, "dataType: int64", "dataType: string"),
        (SESSION, HIDDEN_TITLE_KEY, HIDDEN_TITLE_KEY.replace("int64", "string")),
    ),
    "ADD_DATA_CATEGORY_FOR_COLUMNS": (column(TITLE, "Country", "string"),),
    "HIDE_FOREIGN_KEYS": (
        (SESSION, HIDDEN_TITLE_KEY, "\t/// Shown\n" + HIDDEN_TITLE_KEY.replace("\t\tisHidden\n", "")),
    ),
    "MARK_PRIMARY_KEYS": ((TITLE, "\t\tisKey\n", ""),),
    "HIDE_FACT_TABLE_COLUMNS": (
        (SESSION, "\tcolumn 'Watched Minutes'", "\t/// Shown\n\tcolumn 'Watched Minutes'"),
        (SESSION, "dataType: decimal\n\t\tisHidden\n", "dataType: decimal\n"),
    ),
    "FIRST_LETTER_OF_OBJECTS_MUST_BE_CAPITALIZED": (measure("double", "[Sessions] * 2"),),
    "MONTH_(AS_A_STRING)_MUST_BE_SORTED": (column(TITLE, "'Release Month'", "string"),),
    # Maintenance
    "UNNECESSARY_COLUMNS": (column(TITLE, "Code", "string", "isHidden", "isAvailableInMdx: false"),),
    "UNNECESSARY_MEASURES": (measure("M", "[Sessions] * 2", "isHidden"),),
    "REMOVE_DATA_SOURCES_NOT_REFERENCED_BY_ANY_PARTITIONS": ((SOURCES, "", "dataSource Old = provider\n"),),
    "REMOVE_ROLES_WITH_NO_MEMBERS": (
        (ROLE, "\tmember 'viewer@example.com'\n\t\tidentityProvider: AzureAD\n", ""),
    ),
    "ENSURE_TABLES_HAVE_RELATIONSHIPS": (
        (EXTRA, "", "/// Alone\ntable Extra\n\n\tpartition Extra = m\n\t\tsource = 1\n"),
    ),
    "OBJECTS_WITH_NO_DESCRIPTION": ((DATE, "\t/// The year, four digits\n", ""),),
    "PERSPECTIVES_WITH_NO_OBJECTS": ((OVERVIEW, "", "\nperspective Empty\n"),),
    "CALCULATION_GROUPS_WITH_NO_CALCULATION_ITEMS": (
        (SCOPE, "calculationItem 'All Titles' =", "annotation 'All Titles' ="),
    ),
    # Names
    "PARTITION_NAME_SHOULD_MATCH_TABLE_NAME_FOR_SINGLE_PARTITION_TABLES": (
        (DATE, "partition Date", "partition Days"),
    ),
    "SPECIAL_CHARS_IN_OBJECT_NAMES": ((DATE, "hierarchy Calendar", "hierarchy 'Cal\tendar'"),),
    "TRIM_OBJECT_NAMES": ((DATE, "level Day", "level 'Day '"),),
}  # fmt: skip
# Rules that cannot be broken without breaking others, which say the same or more.
WITH = {
    "AVOID_EXCESSIVE_BI-DIRECTIONAL_OR_MANY-TO-MANY_RELATIONSHIPS": {
        "CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID"
    },
    "AVOID_USING_MANY-TO-MANY_RELATIONSHIPS_ON_TABLES_USED_FOR_DYNAMIC_ROW_LEVEL_SECURITY": {
        "AVOID_EXCESSIVE_BI-DIRECTIONAL_OR_MANY-TO-MANY_RELATIONSHIPS",
        "CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID",
    },
    "MANY-TO-MANY_RELATIONSHIPS_SHOULD_BE_SINGLE-DIRECTION": {
        "AVOID_EXCESSIVE_BI-DIRECTIONAL_OR_MANY-TO-MANY_RELATIONSHIPS",
        "CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID",
    },
    "MODEL_SHOULD_HAVE_A_DATE_TABLE": {"DATE/CALENDAR_TABLES_SHOULD_BE_MARKED_AS_A_DATE_TABLE"},
    "OBJECTS_SHOULD_NOT_START_OR_END_WITH_A_SPACE": {"TRIM_OBJECT_NAMES"},
    "PROVIDE_FORMAT_STRING_FOR_MEASURES": {"INTEGER_FORMATTING"},
    "RELATIONSHIP_COLUMNS_SAME_DATA_TYPE": {"RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE"},
    "REMOVE_AUTO-DATE_TABLE": {"REDUCE_USAGE_OF_CALCULATED_TABLES"},
}
