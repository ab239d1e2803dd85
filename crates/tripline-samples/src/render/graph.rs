//! The shape of Microsoft Graph's `signIn` resource (beta, which has the non-interactive ones).
//! Source: <https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta>.

use serde::Serialize;

use super::parts::{self, Number};
use super::time;
use crate::directory::TENANT;
use crate::signin::SignIn;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date_time: Option<String>,
    user_display_name: &'a str,
    user_principal_name: &'a str,
    user_id: &'a str,
    app_id: &'a str,
    app_display_name: &'a str,
    ip_address: &'a str,
    ip_address_from_resource_provider: Option<&'a str>,
    client_app_used: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    correlation_id: &'a str,
    conditional_access_status: &'a str,
    original_request_id: &'a str,
    is_interactive: bool,
    token_issuer_name: &'a str,
    token_issuer_type: &'a str,
    client_credential_type: &'a str,
    processing_time_in_milliseconds: u32,
    risk_detail: &'a str,
    risk_level_aggregated: &'a str,
    risk_level_during_sign_in: &'a str,
    risk_state: &'a str,
    #[serde(rename = "riskEventTypes_v2")]
    risk_event_types_v2: &'a [&'a str],
    resource_display_name: &'a str,
    resource_id: &'a str,
    resource_tenant_id: &'a str,
    home_tenant_id: &'a str,
    home_tenant_name: &'a str,
    authentication_methods_used: [(); 0],
    authentication_requirement: &'a str,
    sign_in_identifier: &'a str,
    sign_in_identifier_type: Option<&'a str>,
    service_principal_name: Option<&'a str>,
    sign_in_event_types: [&'a str; 1],
    service_principal_id: &'a str,
    user_type: &'a str,
    flagged_for_review: bool,
    is_tenant_restricted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomous_system_number: Option<Number>,
    cross_tenant_access_type: &'a str,
    unique_token_identifier: &'a str,
    incoming_token_type: &'a str,
    authentication_protocol: &'a str,
    sign_in_token_protection_status: &'a str,
    original_transfer_method: &'a str,
    session_id: &'a str,
    mfa_detail: Option<()>,
    authentication_app_device_details: Option<()>,
    status: parts::Status,
    device_detail: parts::Device<'a>,
    location: parts::Location,
    applied_conditional_access_policies: Vec<parts::Policy>,
    authentication_context_class_references: [(); 0],
    authentication_processing_details: Vec<parts::KeyValue>,
    network_location_details: Vec<parts::NetworkDetail>,
    authentication_details: Vec<parts::AuthenticationStep>,
    authentication_requirement_policies: Vec<parts::Requirement>,
    session_lifetime_policies: [(); 0],
}

impl<'a> Record<'a> {
    pub(super) fn of(signin: &'a SignIn) -> Record<'a> {
        Record {
            id: &signin.id,
            created_date_time: time::event(signin.time, signin.times, "Z"),
            user_display_name: &signin.user.display,
            user_principal_name: &signin.user_text,
            user_id: &signin.user.id,
            app_id: signin.app.id,
            app_display_name: signin.app.name,
            ip_address: &signin.ip_text,
            ip_address_from_resource_provider: None,
            client_app_used: parts::client(signin),
            user_agent: signin.agent.as_deref(),
            correlation_id: &signin.correlation,
            conditional_access_status: if signin.policies == 0 {
                "notApplied"
            } else {
                "success"
            },
            original_request_id: &signin.id,
            is_interactive: signin.interactive,
            token_issuer_name: "",
            token_issuer_type: "AzureAD",
            client_credential_type: "none",
            processing_time_in_milliseconds: signin.duration,
            risk_detail: "none",
            risk_level_aggregated: parts::risk(signin),
            risk_level_during_sign_in: parts::risk(signin),
            risk_state: parts::risk_state(signin),
            risk_event_types_v2: parts::risk_events(signin),
            resource_display_name: signin.resource.name,
            resource_id: signin.resource.id,
            resource_tenant_id: TENANT,
            home_tenant_id: TENANT,
            home_tenant_name: "",
            authentication_methods_used: [],
            authentication_requirement: parts::requirement(signin),
            sign_in_identifier: &signin.user_text,
            sign_in_identifier_type: None,
            service_principal_name: None,
            sign_in_event_types: [if signin.interactive {
                "interactiveUser"
            } else {
                "nonInteractiveUser"
            }],
            service_principal_id: "",
            user_type: "member",
            flagged_for_review: false,
            is_tenant_restricted: false,
            autonomous_system_number: signin.asn.map(|asn| Number::of(asn, signin.text_numbers)),
            cross_tenant_access_type: "none",
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
            mfa_detail: None,
            authentication_app_device_details: None,
            status: parts::Status::of(signin),
            device_detail: parts::Device::of(signin),
            location: parts::Location::of(signin),
            applied_conditional_access_policies: parts::policies(signin),
            authentication_context_class_references: [],
            authentication_processing_details: parts::processing(signin),
            network_location_details: parts::networks(signin),
            authentication_details: parts::authentication(signin),
            authentication_requirement_policies: parts::requirements(signin),
            session_lifetime_policies: [],
        }
    }
}
