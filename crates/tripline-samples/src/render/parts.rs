//! The parts that all three shapes share: device, location, status, policies, and so on. Log
//! Analytics holds some of them as JSON text.

use serde::Serialize;

use crate::signin::SignIn;

/// A number that may be written as text.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Number {
    Plain(i64),
    Text(String),
}

impl Number {
    pub(crate) fn of(value: impl Into<i64>, text: bool) -> Number {
        let value = value.into();
        if text {
            Number::Text(value.to_string())
        } else {
            Number::Plain(value)
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    error_code: Number,
    #[serde(skip_serializing_if = "str::is_empty")]
    failure_reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_details: Option<&'static str>,
}

impl Status {
    pub(crate) fn of(signin: &SignIn) -> Status {
        Status {
            error_code: Number::of(signin.result, signin.text_numbers),
            failure_reason: signin.failure(),
            additional_details: signin
                .interactive
                .then_some("MFA requirement satisfied by claim in the token")
                .filter(|_| signin.result == 0),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device<'a> {
    device_id: &'a str,
    display_name: &'a str,
    operating_system: &'a str,
    browser: &'a str,
    is_compliant: bool,
    is_managed: bool,
    trust_type: &'a str,
}

impl<'a> Device<'a> {
    pub(crate) fn of(signin: &'a SignIn) -> Device<'a> {
        let known = signin.managed;
        Device {
            device_id: if known { &signin.user.device_id } else { "" },
            display_name: if known { &signin.device } else { "" },
            operating_system: signin.user.system,
            browser: signin.user.browser,
            is_compliant: known,
            is_managed: known,
            trust_type: if known { "Azure AD joined" } else { "" },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Location {
    city: &'static str,
    state: &'static str,
    country_or_region: &'static str,
    geo_coordinates: Coordinates,
}

#[derive(Serialize)]
struct Coordinates {
    latitude: f64,
    longitude: f64,
}

impl Location {
    pub(crate) fn of(signin: &SignIn) -> Location {
        Location {
            city: signin.place.city,
            state: signin.place.state,
            country_or_region: signin.place.country,
            geo_coordinates: Coordinates {
                latitude: signin.place.latitude,
                longitude: signin.place.longitude,
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Policy {
    id: String,
    display_name: String,
    enforced_grant_controls: &'static [&'static str],
    enforced_session_controls: &'static [&'static str],
    result: &'static str,
    conditions_satisfied: u8,
    conditions_not_satisfied: u8,
}

/// The policies of a sign-in: as many as fill the record to its size.
pub(crate) fn policies(signin: &SignIn) -> Vec<Policy> {
    const NAMES: &[&str] = &[
        "Require multifactor authentication for all users",
        "Block legacy authentication protocols in the tenant",
        "Require compliant or hybrid joined device for admins",
        "Sign-in frequency for unmanaged devices, one hour",
        "Block access from countries without an office",
    ];
    (0u32..)
        .zip(NAMES.iter().cycle().take(signin.policies))
        .map(|(number, name)| Policy {
            id: format!("c0470500-ca00-4000-8000-{:012}", number + 1),
            display_name: format!("CA{:03}: {name}", number + 1),
            enforced_grant_controls: if number % 3 == 0 { &["Mfa"] } else { &[] },
            enforced_session_controls: if number % 3 == 1 {
                &["SignInFrequency"]
            } else {
                &[]
            },
            result: if number % 3 == 0 {
                "success"
            } else {
                "notApplied"
            },
            conditions_satisfied: if number % 3 == 0 { 3 } else { 1 },
            conditions_not_satisfied: if number % 3 == 0 { 0 } else { 2 },
        })
        .collect()
}

#[derive(Serialize)]
pub(crate) struct KeyValue {
    key: &'static str,
    value: &'static str,
}

/// The list of processing details, with JSON text inside text as in real records.
pub(crate) fn processing(signin: &SignIn) -> Vec<KeyValue> {
    let mut details = vec![
        KeyValue {
            key: "Legacy TLS (TLS 1.0, 1.1, 3DES)",
            value: "False",
        },
        KeyValue {
            key: "Oauth Scope Info",
            value: "[\"email\",\"Files.Read\",\"Mail.ReadWrite\",\"openid\",\"profile\",\"User.Read\"]",
        },
        KeyValue {
            key: "Is CAE Token",
            value: if signin.strong { "True" } else { "False" },
        },
    ];
    details.truncate(if signin.lean { 0 } else { details.len() });
    details
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkDetail {
    network_type: &'static str,
    network_names: &'static [&'static str],
}

/// Whether the address belongs to a named location of the tenant.
pub(crate) fn networks(signin: &SignIn) -> Vec<NetworkDetail> {
    if !signin.office || signin.lean {
        return Vec::new();
    }
    vec![NetworkDetail {
        network_type: "trustedNamedLocation",
        network_names: &["Contoso Offices"],
    }]
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthenticationStep {
    authentication_step_date_time: String,
    authentication_method: &'static str,
    authentication_method_detail: &'static str,
    succeeded: bool,
    authentication_step_result_detail: &'static str,
    authentication_step_requirement: &'static str,
}

/// The steps of authentication.
pub(crate) fn authentication(signin: &SignIn) -> Vec<AuthenticationStep> {
    let steps: &[(&str, &str, &str, &str)] = match (signin.lean, signin.interactive) {
        (true, _) => &[],
        (_, false) => &[(
            "Previously satisfied",
            "",
            "First factor requirement satisfied by claim in the token",
            "Primary authentication",
        )],
        _ => &[
            (
                "Password",
                "Password Hash Sync",
                "Correct password",
                "Primary authentication",
            ),
            (
                "Mobile app notification",
                "Authenticator",
                "MFA completed in Azure AD",
                "Multifactor authentication",
            ),
        ],
    };
    steps
        .iter()
        .map(
            |&(method, detail, result, requirement)| AuthenticationStep {
                authentication_step_date_time: format!("{}Z", super::time::utc(signin.time)),
                authentication_method: method,
                authentication_method_detail: detail,
                succeeded: signin.result == 0,
                authentication_step_result_detail: if signin.result == 0 {
                    result
                } else {
                    signin.failure()
                },
                authentication_step_requirement: requirement,
            },
        )
        .collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Requirement {
    requirement_provider: &'static str,
    detail: &'static str,
}

/// Which policies asked for how much authentication.
pub(crate) fn requirements(signin: &SignIn) -> Vec<Requirement> {
    if !signin.strong || signin.lean {
        return Vec::new();
    }
    vec![Requirement {
        requirement_provider: "multiConditionalAccess",
        detail: "Conditional Access",
    }]
}

/// `multiFactorAuthentication` or `singleFactorAuthentication`.
pub(crate) fn requirement(signin: &SignIn) -> &'static str {
    if signin.strong {
        "multiFactorAuthentication"
    } else {
        "singleFactorAuthentication"
    }
}

/// The risk level of the sign-in.
pub(crate) fn risk(signin: &SignIn) -> &'static str {
    if signin.risky { "medium" } else { "none" }
}

/// The state that belongs to the risk level.
pub(crate) fn risk_state(signin: &SignIn) -> &'static str {
    if signin.risky { "atRisk" } else { "none" }
}

/// The kinds of risk.
pub(crate) fn risk_events(signin: &SignIn) -> &'static [&'static str] {
    if signin.risky {
        &["unfamiliarFeatures", "anonymizedIPAddress"]
    } else {
        &[]
    }
}

/// The kind of client.
pub(crate) fn client(signin: &SignIn) -> &'static str {
    if signin.interactive {
        "Browser"
    } else {
        "Mobile Apps and Desktop clients"
    }
}
