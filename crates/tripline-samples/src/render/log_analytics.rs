//! The shape of Log Analytics rows. The two tables hold the same columns, but what is an object in
//! `SigninLogs` is JSON text in `AADNonInteractiveUserSignInLogs`. Source: Azure Monitor's table
//! reference, <https://learn.microsoft.com/azure/azure-monitor/reference/tables/signinlogs>.

use serde::Serialize;

use super::parts::{self, Number};
use super::{json, time};
use crate::directory::TENANT;
use crate::signin::SignIn;

/// An object, or its JSON text.
#[derive(Serialize)]
#[serde(untagged)]
enum Dynamic<T: Serialize> {
    Object(T),
    Text(String),
}

impl<T: Serialize> Dynamic<T> {
    fn of(signin: &SignIn, value: T) -> Dynamic<T> {
        if signin.interactive {
            Dynamic::Object(value)
        } else {
            Dynamic::Text(json(&value))
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Record<'a> {
    tenant_id: &'a str,
    source_system: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_generated: Option<String>,
    operation_name: &'a str,
    operation_version: &'a str,
    category: &'a str,
    result_type: Number,
    result_signature: &'a str,
    result_description: &'a str,
    duration_ms: u32,
    correlation_id: &'a str,
    resource_group: &'a str,
    identity: &'a str,
    level: &'a str,
    location: &'a str,
    alternate_sign_in_name: &'a str,
    app_display_name: &'a str,
    app_id: &'a str,
    authentication_details: Dynamic<Vec<parts::AuthenticationStep>>,
    authentication_processing_details: Dynamic<Vec<parts::KeyValue>>,
    authentication_protocol: &'a str,
    authentication_requirement: &'a str,
    authentication_requirement_policies: Dynamic<Vec<parts::Requirement>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomous_system_number: Option<Number>,
    client_app_used: &'a str,
    conditional_access_policies: Dynamic<Vec<parts::Policy>>,
    conditional_access_status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date_time: Option<String>,
    cross_tenant_access_type: &'a str,
    device_detail: Dynamic<parts::Device<'a>>,
    home_tenant_id: &'a str,
    id: &'a str,
    #[serde(rename = "IPAddress")]
    ip_address: &'a str,
    is_interactive: bool,
    is_risky: bool,
    location_details: Dynamic<parts::Location>,
    network_location_details: Dynamic<Vec<parts::NetworkDetail>>,
    original_request_id: &'a str,
    processing_time_in_milliseconds: String,
    resource_display_name: &'a str,
    resource_identity: &'a str,
    resource_tenant_id: &'a str,
    risk_detail: &'a str,
    risk_event_types: Dynamic<&'a [&'a str]>,
    #[serde(rename = "RiskEventTypes_V2")]
    risk_event_types_v2: Dynamic<&'a [&'a str]>,
    risk_level_aggregated: &'a str,
    risk_level_during_sign_in: &'a str,
    risk_state: &'a str,
    service_principal_id: &'a str,
    session_id: &'a str,
    sign_in_identifier: &'a str,
    status: Dynamic<parts::Status>,
    token_issuer_name: &'a str,
    token_issuer_type: &'a str,
    unique_token_identifier: &'a str,
    user_agent: &'a str,
    user_display_name: &'a str,
    user_id: &'a str,
    user_principal_name: &'a str,
    user_type: &'a str,
    #[serde(rename = "Type")]
    table: &'a str,
}

impl<'a> Record<'a> {
    pub(super) fn of(signin: &'a SignIn) -> Record<'a> {
        Record {
            tenant_id: TENANT,
            source_system: "Azure AD",
            time_generated: time::event(signin.time, signin.times, "Z"),
            operation_name: "Sign-in activity",
            operation_version: "1.0",
            category: signin.category(),
            result_type: Number::of(signin.result, !signin.text_numbers),
            result_signature: "None",
            result_description: signin.failure(),
            duration_ms: 0,
            correlation_id: &signin.correlation,
            resource_group: "Microsoft.aadiam",
            identity: &signin.user.display,
            level: "4",
            location: signin.place.country,
            alternate_sign_in_name: "",
            app_display_name: signin.app.name,
            app_id: signin.app.id,
            authentication_details: Dynamic::of(signin, parts::authentication(signin)),
            authentication_processing_details: Dynamic::of(signin, parts::processing(signin)),
            authentication_protocol: "none",
            authentication_requirement: parts::requirement(signin),
            authentication_requirement_policies: Dynamic::of(signin, parts::requirements(signin)),
            autonomous_system_number: signin.asn.map(|asn| Number::of(asn, !signin.text_numbers)),
            client_app_used: parts::client(signin),
            conditional_access_policies: Dynamic::of(signin, parts::policies(signin)),
            conditional_access_status: if signin.policies == 0 {
                "notApplied"
            } else {
                "success"
            },
            created_date_time: time::event(signin.time, signin.times, "Z"),
            cross_tenant_access_type: "none",
            device_detail: Dynamic::of(signin, parts::Device::of(signin)),
            home_tenant_id: TENANT,
            id: &signin.id,
            ip_address: &signin.ip_text,
            is_interactive: signin.interactive,
            is_risky: signin.risky,
            location_details: Dynamic::of(signin, parts::Location::of(signin)),
            network_location_details: Dynamic::of(signin, parts::networks(signin)),
            original_request_id: &signin.id,
            processing_time_in_milliseconds: signin.duration.to_string(),
            resource_display_name: signin.resource.name,
            resource_identity: signin.resource.id,
            resource_tenant_id: TENANT,
            risk_detail: "none",
            risk_event_types: Dynamic::of(signin, parts::risk_events(signin)),
            risk_event_types_v2: Dynamic::of(signin, parts::risk_events(signin)),
            risk_level_aggregated: parts::risk(signin),
            risk_level_during_sign_in: parts::risk(signin),
            risk_state: parts::risk_state(signin),
            service_principal_id: "",
            session_id: &signin.session,
            sign_in_identifier: &signin.user_text,
            status: Dynamic::of(signin, parts::Status::of(signin)),
            token_issuer_name: "",
            token_issuer_type: "AzureAD",
            unique_token_identifier: &signin.token,
            user_agent: signin.agent.as_deref().unwrap_or_default(),
            user_display_name: &signin.user.display,
            user_id: &signin.user.id,
            user_principal_name: &signin.user_text,
            user_type: "Member",
            table: if signin.interactive {
                "SigninLogs"
            } else {
                "AADNonInteractiveUserSignInLogs"
            },
        }
    }
}
