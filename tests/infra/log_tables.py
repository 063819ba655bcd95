"""Columns of the log tables that alerts and workbook ask, from Microsoft's reference "Azure Monitor Logs tables" (2024)."""

from typing import Final

_STRINGS_OF_THE_APP: Final = (
    *("AppRoleInstance", "AppRoleName", "AppVersion", "ClientBrowser", "ClientCity", "ClientCountryOrRegion"),
    *("ClientIP", "ClientModel", "ClientOS", "ClientStateOrProvince", "ClientType", "IKey", "_IsBillable"),
    *("OperationId", "OperationName", "ParentId", "ResourceGUID", "_ResourceId", "SDKVersion", "SessionId"),
    *("SourceSystem", "_SubscriptionId", "SyntheticSource", "TenantId", "Type"),
    *("UserAccountId", "UserAuthenticatedId", "UserId"),
)
_OF_THE_APP: Final = {
    **dict.fromkeys(_STRINGS_OF_THE_APP, "string"),
    "_BilledSize": "real",
    "ItemCount": "int",
    "Measurements": "dynamic",
    "Properties": "dynamic",
    "TimeGenerated": "datetime",
}
_STRINGS_OF_STORAGE: Final = (
    *("AccountName", "AuthenticationHash", "AuthenticationType", "CallerIpAddress", "Category", "ClientRequestId"),
    *("ConditionsUsed", "CorrelationId", "Etag", "_IsBillable", "Location", "MetricResponseType", "ObjectKey"),
    *("OperationName", "OperationVersion", "Protocol", "ReferrerHeader", "RequesterAppId", "RequesterAudience"),
    *("RequesterObjectId", "RequesterTenantId", "RequesterTokenIssuer", "RequesterUpn", "RequestMd5", "_ResourceId"),
    *("ResponseMd5", "SasExpiryStatus", "SchemaVersion", "ServiceType", "SourceSystem", "StatusCode", "StatusText"),
    *("_SubscriptionId", "TenantId", "TlsVersion", "Type", "Uri", "UserAgentHeader"),
)

TABLES: Final[dict[str, dict[str, str]]] = {
    "AppTraces": _OF_THE_APP
    | {"Message": "string", "ReferencedItemId": "string", "ReferencedType": "string", "SeverityLevel": "int"},
    "AppRequests": _OF_THE_APP
    | {
        **dict.fromkeys(("Id", "Name", "ReferencedItemId", "ReferencedType", "ResultCode", "Source", "Url"), "string"),
        "DurationMs": "real",
        "Success": "bool",
    },
    "AppAvailabilityResults": _OF_THE_APP
    | {
        **dict.fromkeys(("Id", "Location", "Message", "Name"), "string"),
        "DurationMs": "real",
        "Success": "bool",
    },
    "StorageQueueLogs": {
        **dict.fromkeys(_STRINGS_OF_STORAGE, "string"),
        **dict.fromkeys(("_BilledSize", "DurationMs", "ServerLatencyMs"), "real"),
        **dict.fromkeys(("ContentLengthHeader", "RequestBodySize", "RequestHeaderSize"), "long"),
        **dict.fromkeys(("ResponseBodySize", "ResponseHeaderSize"), "long"),
        "AuthorizationDetails": "dynamic",
        "LastModifiedTime": "datetime",
        "OperationCount": "int",
        "TimeGenerated": "datetime",
    },
}
"""By table: columns and their types."""
