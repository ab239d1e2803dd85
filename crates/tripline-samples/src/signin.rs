//! One sign-in with every fact that a record tells, made from a planned event and its seed alone:
//! the same event always gives the same sign-in. Also decides the irregularities of the record.

use std::net::IpAddr;

use crate::directory::{APPS, App, Mark, Network, Place, RESOURCES, User};
use crate::options::{Options, Role, Shape};
use crate::plan::{Event, Kind, user_of};
use crate::random::Random;

/// A sign-in in full.
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    pub(crate) shape: Shape,
    pub(crate) interactive: bool,
    /// Microseconds since 1970.
    pub(crate) time: i64,
    pub(crate) id: String,
    pub(crate) correlation: String,
    pub(crate) token: String,
    pub(crate) session: String,
    pub(crate) user: User,
    /// The user's name as this record spells it.
    pub(crate) user_text: String,
    pub(crate) result: u32,
    pub(crate) ip: Option<IpAddr>,
    /// The address as this record spells it; empty where there is none.
    pub(crate) ip_text: String,
    pub(crate) asn: Option<u32>,
    pub(crate) agent: Option<String>,
    pub(crate) app: App,
    pub(crate) resource: App,
    pub(crate) device: String,
    pub(crate) place: Place,
    pub(crate) managed: bool,
    pub(crate) risky: bool,
    pub(crate) strong: bool,
    pub(crate) office: bool,
    pub(crate) duration: u32,
    pub(crate) times: Times,
    /// Numbers are text and the other way round.
    pub(crate) text_numbers: bool,
    /// How many conditional access policies the record lists: what fills it to its size.
    pub(crate) policies: usize,
    /// Leaves out what no rule reads.
    pub(crate) lean: bool,
}

/// How a record spells its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// As Entra ID does: seven fraction digits.
    Usual,
    /// With an offset other than zero.
    Offset,
    /// Without an offset, which means UTC.
    Bare,
    /// With nine fraction digits.
    Nine,
    /// Not at all.
    None,
}

/// Error codes of failed sign-ins with their text: wrong password, expired session, second factor
/// required, blocked by policy.
pub(crate) const FAILURES: &[(u32, &str)] = &[
    (
        50126,
        "Error validating credentials due to invalid username or password.",
    ),
    (
        70043,
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
    ),
    (
        50076,
        "Due to a configuration change made by your administrator, you must use multi-factor authentication.",
    ),
    (
        53003,
        "Access has been blocked by Conditional Access policies.",
    ),
];

impl SignIn {
    /// The sign-in of an event that is one.
    pub(crate) fn new(options: &Options, event: &Event) -> SignIn {
        let noise = options.noise;
        let mut random = Random::new(event.seed);
        let shape = match options.shape {
            Shape::Mixed => random.pick(&[Shape::Diagnostic, Shape::LogAnalytics, Shape::Graph]),
            one => one,
        };
        let interactive = event.kind == Kind::Interactive;
        let user = user_of(options, event);
        // The facts that rules look at; the story's own records keep theirs.
        let everyday = event.role == Role::Everyday;
        let ip = Some(user.address(event.network))
            .filter(|_| !(everyday && random.chance(noise.missing_ip)));
        let asn = Some(user.asn(event.network))
            .filter(|_| !(everyday && random.chance(noise.missing_asn)));
        let mark = if interactive {
            Mark::default()
        } else {
            Mark::of(event.role)
        };
        let agent = mark.agent.unwrap_or(user.agent);
        let agent = Some(agent.to_string())
            .filter(|_| !(everyday && random.chance(noise.missing_user_agent)));
        let mut times = Times::Usual;
        if random.chance(noise.odd_times) {
            times = match random.below(3) {
                0 => Times::Offset,
                1 => Times::Bare,
                _ => Times::Nine,
            };
        }
        if everyday && random.chance(noise.no_time) {
            times = Times::None;
        }
        let ip_text = ip.map_or_else(String::new, |ip| {
            spell(ip, random.chance(noise.odd_addresses), &mut random)
        });
        let user_text = if everyday && random.chance(noise.empty_user) {
            String::new()
        } else if everyday && random.chance(noise.guid_user) {
            user.id.clone()
        } else if random.chance(noise.mixed_case) {
            mixed_case(&user.name)
        } else {
            user.name.clone()
        };
        let result = if event.failed {
            random.pick(FAILURES).0
        } else {
            0
        };
        SignIn {
            shape,
            interactive,
            time: event.time,
            id: random.guid(),
            correlation: random.guid(),
            token: random.base64(22),
            session: mark
                .session
                .map_or_else(|| user.session.clone(), str::to_string),
            user_text,
            result,
            ip,
            ip_text,
            asn,
            agent,
            app: mark.app.unwrap_or_else(|| random.pick(APPS)),
            resource: random.pick(RESOURCES),
            device: mark
                .device
                .map_or_else(|| user.device.clone(), str::to_string),
            place: user.place(event.network),
            managed: mark.device.is_some() || !matches!(event.network, Network::Hosting(_)),
            risky: matches!(event.network, Network::Hosting(_)) && random.chance(0.2),
            strong: random.chance(0.6),
            office: event.network == Network::Office,
            duration: random.below(900) as u32 + 40,
            times,
            text_numbers: random.chance(noise.text_numbers),
            policies: 0,
            lean: false,
            user,
        }
    }

    /// `SignInLogs` and the like.
    pub(crate) fn category(&self) -> &'static str {
        if self.interactive {
            "SignInLogs"
        } else {
            "NonInteractiveUserSignInLogs"
        }
    }

    /// Why it failed; empty if it did not.
    pub(crate) fn failure(&self) -> &'static str {
        FAILURES
            .iter()
            .find(|(code, _)| *code == self.result)
            .map_or("", |(_, text)| text)
    }
}

/// An address as text: usually plain, else with a port (v4) or mapped into IPv6 (v4).
fn spell(ip: IpAddr, odd: bool, random: &mut Random) -> String {
    match ip {
        IpAddr::V4(v4) if odd && random.chance(0.5) => {
            format!("{v4}:{}", 1_024 + random.below(60_000))
        }
        IpAddr::V4(v4) if odd => format!("::ffff:{v4}"),
        _ => ip.to_string(),
    }
}

/// `ada.birch7@contoso.example` as `Ada.Birch7@Contoso.example`.
fn mixed_case(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|letter| {
            let upper = std::mem::replace(&mut start, matches!(letter, '.' | '@' | '-'));
            if upper {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        })
        .collect()
}
