//! Records of the categories that share the stream with users' sign-ins, in the diagnostic shape.

use serde_json::{Value, json};

use super::time;
use crate::directory::TENANT;
use crate::plan::Event;
use crate::random::Random;

const CATEGORIES: &[&str] = &[
    "ServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs",
    "MicrosoftServicePrincipalSignInLogs",
    "ADFSSignInLogs",
    "AuditLogs",
];

/// One such record.
pub(super) fn record(event: &Event) -> Value {
    let mut random = Random::new(event.seed);
    let category = random.pick(CATEGORIES);
    let time = format!("{}0Z", time::utc(event.time));
    let properties = if category == "AuditLogs" {
        json!({
            "id": format!("Directory_{}", random.guid()),
            "category": "GroupManagement",
            "correlationId": random.guid(),
            "result": "success",
            "activityDisplayName": "Add member to group",
            "activityDateTime": time,
            "loggedByService": "Core Directory",
            "initiatedBy": {"app": {"displayName": "Contoso Group Sync", "servicePrincipalId": random.guid()}},
            "targetResources": [{"id": random.guid(), "type": "User", "modifiedProperties": []}],
        })
    } else {
        json!({
            "id": random.guid(),
            "createdDateTime": time,
            "appId": random.guid(),
            "appDisplayName": "Contoso Batch",
            "ipAddress": "192.0.2.250",
            "status": {"errorCode": 0},
            "resourceDisplayName": "Microsoft Graph",
            "servicePrincipalId": random.guid(),
            "servicePrincipalName": "contoso-batch",
            "autonomousSystemNumber": 65550,
            "uniqueTokenIdentifier": random.base64(22),
        })
    };
    json!({
        "time": time,
        "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"),
        "operationName": if category == "AuditLogs" { "Add member to group" } else { "Sign-in activity" },
        "operationVersion": "1.0",
        "category": category,
        "tenantId": TENANT,
        "resultType": "0",
        "resultSignature": "None",
        "durationMs": 0,
        "correlationId": random.guid(),
        "Level": 4,
        "properties": properties,
    })
}
