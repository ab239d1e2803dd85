//! The shape that Entra ID's diagnostic settings write to an Event Hub or a storage account.

use serde::Serialize;

use super::parts::{self, Number};
use super::time;
use crate::directory::TENANT;
use crate::signin::{SignIn, Times};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    resource_id: String,
    operation_name: &'a str,
    operation_version: &'a str,
    category: &'a str,
    tenant_id: &'a str,
    result_type: Number,
    result_signature: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    result_description: &'a str,
    duration_ms: u32,
    caller_ip_address: &'a str,
    correlation_id: &'a str,
    identity: &'a str,
    #[serde(rename = "Level")]
    level: u8,
    location: &'a str,
    properties: Properties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date_time: Option<String>,
    user_display_name: &'a str,
    user_principal_name: &'a str,
    user_id: &'a str,
    app_id: &'a str,
    app_display_name: &'a str,
    ip_address: &'a str,
    status: parts::Status,
    client_app_used: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    device_detail: parts::Device<'a>,
    location: parts::Location,
    correlation_id: &'a str,
    conditional_access_status: &'a str,
    applied_conditional_access_policies: Vec<parts::Policy>,
    authentication_context_class_references: [(); 0],
    original_request_id: &'a str,
    is_interactive: bool,
    token_issuer_name: &'a str,
    token_issuer_type: &'a str,
    authentication_processing_details: Vec<parts::KeyValue>,
    network_location_details: Vec<parts::NetworkDetail>,
    processing_time_in_milliseconds: u32,
    risk_detail: &'a str,
    risk_level_aggregated: &'a str,
    risk_level_during_sign_in: &'a str,
    risk_state: &'a str,
    risk_event_types: &'a [&'a str],
    #[serde(rename = "riskEventTypes_v2")]
    risk_event_types_v2: &'a [&'a str],
    resource_display_name: &'a str,
    resource_id: &'a str,
    resource_tenant_id: &'a str,
    home_tenant_id: &'a str,
    authentication_details: Vec<parts::AuthenticationStep>,
    authentication_requirement_policies: Vec<parts::Requirement>,
    authentication_requirement: &'a str,
    service_principal_id: &'a str,
    user_type: &'a str,
    flagged_for_review: bool,
    is_tenant_restricted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomous_system_number: Option<Number>,
    cross_tenant_access_type: &'a str,
    sso_extension_version: &'a str,
    unique_token_identifier: &'a str,
    incoming_token_type: &'a str,
    authentication_protocol: &'a str,
    sign_in_token_protection_status: &'a str,
    original_transfer_method: &'a str,
    session_id: &'a str,
}

impl<'a> Record<'a> {
    pub(super) fn of(signin: &'a SignIn) -> Record<'a> {
        let timed = signin.times != Times::None;
        Record {
            time: timed.then(|| format!("{}0Z", time::utc(signin.time))),
            resource_id: format!("/tenants/{TENANT}/providers/Microsoft.aadiam"),
            operation_name: "Sign-in activity",
            operation_version: "1.0",
            category: signin.category(),
            tenant_id: TENANT,
            result_type: Number::of(signin.result, !signin.text_numbers),
            result_signature: if signin.result == 0 {
                "SUCCESS"
            } else {
                "FAILURE"
            },
            result_description: signin.failure(),
            duration_ms: 0,
            caller_ip_address: &signin.ip_text,
            correlation_id: &signin.correlation,
            identity: &signin.user.display,
            level: 4,
            location: signin.place.country,
            properties: Properties::of(signin),
        }
    }
}

impl<'a> Properties<'a> {
    fn of(signin: &'a SignIn) -> Properties<'a> {
        Properties {
            id: &signin.id,
            created_date_time: time::event(signin.time, signin.times, "+00:00"),
            user_display_name: &signin.user.display,
            user_principal_name: &signin.user_text,
            user_id: &signin.user.id,
            app_id: signin.app.id,
            app_display_name: signin.app.name,
            ip_address: &signin.ip_text,
            status: parts::Status::of(signin),
            client_app_used: parts::client(signin),
            user_agent: signin.agent.as_deref(),
            device_detail: parts::Device::of(signin),
            location: parts::Location::of(signin),
            correlation_id: &signin.correlation,
            conditional_access_status: if signin.policies == 0 {
                "notApplied"
            } else {
                "success"
            },
            applied_conditional_access_policies: parts::policies(signin),
            authentication_context_class_references: [],
            original_request_id: &signin.id,
            // The category decides which table a record belongs to; this flag can differ from it.
            is_interactive: signin.interactive && !signin.duration.is_multiple_of(16),
            token_issuer_name: "",
            token_issuer_type: "AzureAD",
            authentication_processing_details: parts::processing(signin),
            network_location_details: parts::networks(signin),
            processing_time_in_milliseconds: signin.duration,
            risk_detail: "none",
            risk_level_aggregated: parts::risk(signin),
            risk_level_during_sign_in: parts::risk(signin),
            risk_state: parts::risk_state(signin),
            risk_event_types: parts::risk_events(signin),
            risk_event_types_v2: parts::risk_events(signin),
            resource_display_name: signin.resource.name,
            resource_id: signin.resource.id,
            resource_tenant_id: TENANT,
            home_tenant_id: TENANT,
            authentication_details: parts::authentication(signin),
            authentication_requirement_policies: parts::requirements(signin),
            authentication_requirement: parts::requirement(signin),
            service_principal_id: "",
            user_type: "Member",
            flagged_for_review: false,
            is_tenant_restricted: false,
            autonomous_system_number: signin.asn.map(|asn| Number::of(asn, signin.text_numbers)),
            cross_tenant_access_type: "none",
            sso_extension_version: "",
            unique_token_identifier: &signin.token,
            incoming_token_type: if signin.interactive {
                "none"
            } else {
                "primaryRefreshToken"
            },
            authentication_protocol: "none",
            sign_in_token_protection_status: "none",
            original_transfer_method: "none",
            session_id: &signin.session,
        }
    }
}
