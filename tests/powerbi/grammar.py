"""What TMDL allows: an object's children, its properties, and what stands after its equals sign.

Source: Microsoft's TMDL overview (bi-shared-docs, docs/analysis-services/tmdl/tmdl-overview.md), the
properties of the Tabular Object Model, and projects saved by Power BI Desktop. Kinds and properties that are
missing here, as cultures, are reported: the reader lets pass only what it knows.
"""

from dataclasses import dataclass

TEXT, FLAG, NUMBER, EXPRESSION = "text", "flag", "number", "expression"
# A name, and a path of two names: both are quoted as names are.
NAME, PATH = "name", "path"
# One of the above, or the words of an enumeration.
Value = str | tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of object. `default` names the property after the equals sign; empty: it has none."""

    children: frozenset[str]
    properties: dict[str, Value]
    default: str = ""
    named: bool = True
    described: bool = False


DATA_TYPE = (
    "automatic", "string", "int64", "double", "dateTime", "decimal", "boolean", "binary", "unknown",
    "variant",
)  # fmt: skip
AGGREGATION = ("default", "none", "sum", "min", "max", "count", "average", "distinctCount")
MODE = ("import", "directQuery", "default", "push", "dual", "directLake")
PARTITION = (
    "m", "calculated", "query", "entity", "policyRange", "calculationGroup", "inferred", "none", "parquet",
)  # fmt: skip
CARDINALITY = ("none", "one", "many")
PERIOD = ("day", "month", "quarter", "year")
PERMISSION = ("default", "none", "read")
TAGS = {"lineageTag": TEXT, "sourceLineageTag": TEXT}


def _kind(children: str = "", default: str = "", named: bool = True, described: bool = False, **properties):
    return Kind(frozenset(children.split()), properties, default, named, described)


KINDS: dict[str, Kind] = {
    "database": _kind(
        "annotation", described=True, compatibilityLevel=NUMBER, id=TEXT, language=NUMBER,
        compatibilityMode=("unknown", "analysisServices", "powerBI", "excel"),
    ),
    "model": _kind(
        "annotation extendedProperty queryGroup dataAccessOptions", described=True,
        culture=TEXT, collation=TEXT, sourceQueryCulture=TEXT, defaultMode=MODE,
        defaultPowerBIDataSourceVersion=("powerBI_V1", "powerBI_V2", "powerBI_V3"),
        discourageImplicitMeasures=FLAG, discourageCompositeModels=FLAG,
        forceUniqueNames=FLAG, maxParallelismPerRefresh=NUMBER, maxParallelismPerQuery=NUMBER,
    ),
    "dataAccessOptions": _kind(
        named=False, legacyRedirects=FLAG, returnErrorValuesAsNull=FLAG, fastCombine=FLAG
    ),
    "dataSource": _kind(
        "annotation extendedProperty", default="type", described=True, type=("provider", "structured"),
        connectionString=TEXT, impersonationMode=TEXT, account=TEXT, provider=TEXT, timeout=NUMBER,
        maxConnections=NUMBER, connectionDetails=EXPRESSION, credential=EXPRESSION, options=EXPRESSION,
    ),
    "table": _kind(
        "measure column hierarchy partition annotation extendedProperty changedProperty refreshPolicy "
        "calculationGroup defaultDetailRowsDefinition", described=True, isHidden=FLAG, isPrivate=FLAG,
        dataCategory=TEXT, excludeFromModelRefresh=FLAG, showAsVariationsOnly=FLAG, systemManaged=FLAG,
        **TAGS,
    ),
    "measure": _kind(
        "annotation extendedProperty changedProperty kpi formatStringDefinition detailRowsDefinition",
        default=EXPRESSION, described=True, formatString=TEXT, displayFolder=TEXT, isHidden=FLAG,
        isSimpleMeasure=FLAG, dataCategory=TEXT, dataType=DATA_TYPE, **TAGS,
    ),
    "column": _kind(
        "annotation extendedProperty changedProperty variation alternateOf relatedColumnDetails",
        default=EXPRESSION, described=True, dataType=DATA_TYPE, isHidden=FLAG, isKey=FLAG, isUnique=FLAG,
        isNullable=FLAG, isNameInferred=FLAG, isDataTypeInferred=FLAG, isAvailableInMdx=FLAG,
        isDefaultLabel=FLAG, isDefaultImage=FLAG, keepUniqueRows=FLAG, formatString=TEXT, displayFolder=TEXT,
        dataCategory=TEXT, summarizeBy=AGGREGATION, sourceColumn=TEXT, sortByColumn=NAME,
        sourceProviderType=TEXT, encodingHint=("default", "hash", "value"), tableDetailPosition=NUMBER,
        displayOrdinal=NUMBER, alignment=("default", "left", "right", "center"), columnOrigin=TEXT, **TAGS,
    ),
    "alternateOf": _kind(
        "annotation", named=False, summarization=("groupBy", "sum", "count", "min", "max"),
        baseColumn=PATH, baseTable=NAME,
    ),
    "variation": _kind(
        "annotation", described=True, isDefault=FLAG, relationship=NAME, defaultHierarchy=PATH,
        defaultColumn=PATH,
    ),
    "relatedColumnDetails": _kind(named=False, groupByColumn=NAME),
    "hierarchy": _kind(
        "level annotation extendedProperty changedProperty", described=True, isHidden=FLAG,
        displayFolder=TEXT, hideMembers=("default", "hideBlankMembers"), **TAGS,
    ),
    "level": _kind("annotation changedProperty", described=True, column=NAME, ordinal=NUMBER, **TAGS),
    "partition": _kind(
        "annotation extendedProperty source", default="type", described=True, type=PARTITION, mode=MODE,
        dataView=("full", "sample", "default"), queryGroup=NAME, source=EXPRESSION,
    ),
    "source": _kind(
        named=False, entityName=TEXT, schemaName=TEXT, expressionSource=NAME, dataSource=NAME,
        query=EXPRESSION, granularity=PERIOD, start=TEXT, end=TEXT, refreshBookmark=TEXT,
    ),
    "refreshPolicy": _kind(
        "annotation extendedProperty", named=False, policyType=("basic",), mode=("import", "hybrid"),
        rollingWindowGranularity=PERIOD, rollingWindowPeriods=NUMBER, incrementalGranularity=PERIOD,
        incrementalPeriods=NUMBER, incrementalPeriodsOffset=NUMBER, sourceExpression=EXPRESSION,
        pollingExpression=EXPRESSION,
    ),
    "calculationGroup": _kind(
        "calculationItem annotation", named=False, described=True, precedence=NUMBER, **TAGS
    ),
    "calculationItem": _kind(
        "formatStringDefinition annotation", default=EXPRESSION, described=True, ordinal=NUMBER, **TAGS
    ),
    "formatStringDefinition": _kind(default=EXPRESSION, named=False),
    "detailRowsDefinition": _kind(default=EXPRESSION, named=False),
    "defaultDetailRowsDefinition": _kind(default=EXPRESSION, named=False),
    "kpi": _kind(
        "annotation", named=False, described=True, targetExpression=EXPRESSION, statusExpression=EXPRESSION,
        trendExpression=EXPRESSION, statusGraphic=TEXT, trendGraphic=TEXT, targetFormatString=TEXT,
        targetDescription=TEXT, statusDescription=TEXT, trendDescription=TEXT,
    ),
    "relationship": _kind(
        "annotation extendedProperty changedProperty", fromColumn=PATH, toColumn=PATH, isActive=FLAG,
        crossFilteringBehavior=("oneDirection", "bothDirections", "automatic"),
        securityFilteringBehavior=("oneDirection", "bothDirections", "none"),
        fromCardinality=CARDINALITY, toCardinality=CARDINALITY, relyOnReferentialIntegrity=FLAG,
        joinOnDateBehavior=("dateAndTime", "datePartOnly"),
    ),
    "expression": _kind(
        "annotation extendedProperty", default=EXPRESSION, described=True, queryGroup=NAME, kind=("m",),
        mAttributes=TEXT, **TAGS,
    ),
    "function": _kind(
        "annotation changedProperty", default=EXPRESSION, described=True, isHidden=FLAG, **TAGS
    ),
    "role": _kind(
        "tablePermission member annotation extendedProperty", described=True,
        modelPermission=("none", "read", "readRefresh", "refresh", "administrator"),
    ),
    "tablePermission": _kind(
        "columnPermission annotation", default=EXPRESSION, metadataPermission=PERMISSION
    ),
    "columnPermission": _kind("annotation", default="metadataPermission", metadataPermission=PERMISSION),
    "member": _kind(
        "annotation", default="type", type=("auto", "user", "group", "activeDirectory"),
        identityProvider=TEXT, memberId=TEXT,
    ),
    "perspective": _kind("perspectiveTable annotation", described=True),
    "perspectiveTable": _kind(
        "perspectiveColumn perspectiveMeasure perspectiveHierarchy annotation", includeAll=FLAG
    ),
    "perspectiveColumn": _kind(),
    "perspectiveMeasure": _kind(),
    "perspectiveHierarchy": _kind(),
    "queryGroup": _kind("annotation", described=True),
    "annotation": _kind(default=TEXT),
    "extendedProperty": _kind(default=TEXT),
    "changedProperty": _kind(default=TEXT, named=False),
}  # fmt: skip
# The kinds that stand at the root of a file.
ROOTS = _kind(
    "database model table relationship expression function role perspective queryGroup dataSource annotation "
    "extendedProperty"
).children
# The kinds that mean nothing without what stands after the equals sign.
NEVER_BARE = _kind("measure expression function calculationItem partition dataSource").children
# Their spelling in Desktop, by what a reader that ignores case compares.
KEYWORDS = {name.lower(): name for name in KINDS}
