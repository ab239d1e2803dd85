//! The artificial tenant: its users, networks, devices and apps. Everything about a user follows
//! from the seed and the user's number, so that no table of users is held.
//!
//! INVARIANT: names are under reserved domains (RFC 2606), addresses in documentation and benchmark
//! ranges (RFC 5737, RFC 3849, RFC 2544), AS numbers in the documentation ranges (RFC 5398). App ids
//! are Microsoft's public first-party ones where the name says so, else made up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::options::Role;
use crate::random::Random;

/// The tenant's id.
pub(crate) const TENANT: &str = "5a3f1e00-7e57-4a11-8c0d-000000000001";

/// A client app or a resource.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct App {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
}

/// Apps that people sign in to and that fetch tokens for them.
pub(crate) const APPS: &[App] = &[
    App {
        name: "Microsoft Office",
        id: "d3590ed6-52b3-4102-aeff-aad2292ab01c",
    },
    App {
        name: "Microsoft Teams",
        id: "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
    },
    App {
        name: "OneDrive SyncEngine",
        id: "ab9b8c07-8f02-4f72-87fa-80105867a763",
    },
    App {
        name: "OfficeHome",
        id: "4765445b-32c6-49b0-83e6-1d93765276ca",
    },
    App {
        name: "Azure Portal",
        id: "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
    },
    App {
        name: "Contoso Intranet",
        id: "c0470500-0001-4000-8000-000000000001",
    },
    App {
        name: "Contoso Time Sheets",
        id: "c0470500-0001-4000-8000-000000000002",
    },
];

/// What tokens are for.
pub(crate) const RESOURCES: &[App] = &[
    App {
        name: "Microsoft Graph",
        id: "00000003-0000-0000-c000-000000000000",
    },
    App {
        name: "Office 365 Exchange Online",
        id: "00000002-0000-0ff1-ce00-000000000000",
    },
    App {
        name: "Office 365 SharePoint Online",
        id: "00000003-0000-0ff1-ce00-000000000000",
    },
    App {
        name: "Windows Azure Service Management API",
        id: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    },
];

/// An automation job of the tenant, named in `rules/entra/lists/automation-apps.txt`.
const AUTOMATION_APP: App = App {
    name: "Contoso Runbooks",
    id: "c0470500-0002-4000-8000-000000000001",
};
/// A pipeline of the tenant, named in `rules/entra/lists/cicd-apps.txt`.
const PIPELINE_APP: App = App {
    name: "Contoso Deployments",
    id: "c0470500-0003-4000-8000-000000000001",
};
/// Microsoft's own command-line client, named in `rules/entra/exclusions.trip`.
const CLI_APP: App = App {
    name: "Microsoft Azure CLI",
    id: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
};
/// A service account, named in `rules/entra/lists/service-accounts.txt`.
const SERVICE_ACCOUNT: &str = "svc-backup@contoso.example";
/// A device, named in `rules/entra/lists/admin-workstations.txt`.
const ADMIN_DEVICE: &str = "PAW-0007";
/// A session, named in `rules/entra/lists/approved-sessions.txt`.
const ADMIN_SESSION: &str = "5e551000-0000-4000-8000-000000000001";

const FIRST: &[&str] = &[
    "ada", "bela", "chidi", "dana", "emre", "fatou", "gita", "hugo", "ines", "jonas", "kaya",
    "lena", "milo", "nuria", "olek", "pia", "quentin", "rosa", "sana", "tomas", "uma", "vera",
    "wim", "xenia", "yara", "zeno",
];
const LAST: &[&str] = &[
    "alder", "birch", "cedar", "dogwood", "elm", "fir", "ginkgo", "hazel", "ivy", "juniper",
    "larch", "maple", "oak", "pine", "rowan", "spruce", "thorn", "willow", "yew", "zelkova",
];

/// A city with its country and rough coordinates.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    pub(crate) country: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

const HOMES: &[Place] = &[
    Place {
        city: "Berlin",
        state: "Berlin",
        country: "DE",
        latitude: 52.5244,
        longitude: 13.4105,
    },
    Place {
        city: "Utrecht",
        state: "Utrecht",
        country: "NL",
        latitude: 52.0908,
        longitude: 5.1222,
    },
    Place {
        city: "Lyon",
        state: "Rhone",
        country: "FR",
        latitude: 45.7485,
        longitude: 4.8467,
    },
    Place {
        city: "Zürich",
        state: "Zürich",
        country: "CH",
        latitude: 47.3667,
        longitude: 8.55,
    },
    Place {
        city: "Porto",
        state: "Porto",
        country: "PT",
        latitude: 41.1496,
        longitude: -8.611,
    },
];
const FAR: &[Place] = &[
    Place {
        city: "Ashburn",
        state: "Virginia",
        country: "US",
        latitude: 39.0438,
        longitude: -77.4874,
    },
    Place {
        city: "Singapore",
        state: "",
        country: "SG",
        latitude: 1.2897,
        longitude: 103.8501,
    },
    Place {
        city: "São Paulo",
        state: "São Paulo",
        country: "BR",
        latitude: -23.5475,
        longitude: -46.6361,
    },
];

/// The network that a sign-in comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// The user's home, by IPv4.
    Home,
    /// The same line by IPv6: another address, the same AS.
    Home6,
    /// One of the tenant's offices.
    Office,
    /// A mobile carrier.
    Mobile,
    /// A hosting provider that the tenant has nothing to do with; several, by number.
    Hosting(u8),
    /// A data centre that the tenant's jobs run in.
    DataCentre,
    /// The admin workstations' own network.
    Admin,
}

/// A user of the tenant.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) display: String,
    pub(crate) id: String,
    pub(crate) device_id: String,
    pub(crate) device: String,
    pub(crate) session: String,
    pub(crate) agent: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) system: &'static str,
    home: Place,
    traits: u64,
}

const CLIENTS: &[(&str, &str, &str)] = &[
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0",
        "Edge 133.0.0",
        "Windows10",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
        "Safari 18.3",
        "MacOs",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0",
        "Firefox 135.0",
        "Windows10",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
        "Chrome 132.0.0",
        "Linux",
    ),
];

impl User {
    /// The user with this number in the tenant of this seed.
    pub(crate) fn new(seed: u64, number: u32) -> User {
        let mut random = Random::of(seed, 0x0055_5345_5200_0000 | u64::from(number));
        let (first, last) = (random.pick(FIRST), random.pick(LAST));
        let (agent, browser, system) = random.pick(CLIENTS);
        User {
            name: format!("{first}.{last}{number}@contoso.example"),
            display: format!("{} {} {number}", capital(first), capital(last)),
            id: random.guid(),
            device_id: random.guid(),
            device: format!("NB-{:05}", number % 100_000),
            session: random.guid(),
            agent,
            browser,
            system,
            home: random.pick(HOMES),
            traits: random.next(),
        }
    }

    /// The service account of the benign scenarios.
    pub(crate) fn service_account(seed: u64, number: u32) -> User {
        let user = User::new(seed, number);
        User {
            name: SERVICE_ACCOUNT.to_string(),
            display: "Backup (service)".to_string(),
            ..user
        }
    }

    /// Where the user is on a network.
    pub(crate) fn place(&self, network: Network) -> Place {
        match network {
            Network::Hosting(number) => FAR
                .iter()
                .copied()
                .cycle()
                .nth(usize::from(number))
                .unwrap_or_default(),
            Network::DataCentre => FAR.first().copied().unwrap_or_default(),
            _ => self.home,
        }
    }

    /// The user's address on a network.
    pub(crate) fn address(&self, network: Network) -> IpAddr {
        let [a, b, c, d, ..] = self.traits.to_be_bytes();
        match network {
            Network::Home => Ipv4Addr::new(198, 18, a, b).into(),
            Network::Home6 => {
                let (site, host) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                Ipv6Addr::new(0x2001, 0xdb8, 0x1000, site, 0, 0, 0, host | 1).into()
            }
            Network::Office => Ipv4Addr::new(198, 51, 100, 10 + c % 4).into(),
            Network::Mobile => Ipv4Addr::new(198, 19, c, d).into(),
            Network::Hosting(number) if number % 4 == 3 => Ipv6Addr::new(
                0x2001,
                0xdb8,
                0xbad,
                u16::from(number),
                0,
                0,
                0,
                u16::from(d) | 1,
            )
            .into(),
            Network::Hosting(number) => {
                Ipv4Addr::new(192, 0, 2, number.wrapping_mul(17) ^ d).into()
            }
            Network::DataCentre => Ipv4Addr::new(192, 0, 2, 200 + d % 8).into(),
            Network::Admin => Ipv4Addr::new(203, 0, 113, 1 + d % 200).into(),
        }
    }

    /// The AS number of the user's line on a network.
    pub(crate) fn asn(&self, network: Network) -> u32 {
        let [.., x, y] = self.traits.to_be_bytes();
        let (x, y) = (u32::from(x), u32::from(y));
        match network {
            Network::Home | Network::Home6 => 64_496 + x % 8,
            Network::Mobile => 64_504 + y % 4,
            Network::Office => 64_508,
            Network::Admin => 64_509,
            Network::Hosting(number) => 65_536 + u32::from(number % 12),
            Network::DataCentre => 65_550,
        }
    }
}

/// What a benign scenario changes in its token: app, user agent, session, device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark {
    pub(crate) app: Option<App>,
    pub(crate) agent: Option<&'static str>,
    pub(crate) session: Option<&'static str>,
    pub(crate) device: Option<&'static str>,
}

impl Mark {
    /// The mark of a role's tokens.
    pub(crate) fn of(role: Role) -> Mark {
        let none = Mark::default();
        match role {
            Role::AutomationApp => Mark {
                app: Some(AUTOMATION_APP),
                ..none
            },
            Role::PipelineApp => Mark {
                app: Some(PIPELINE_APP),
                ..none
            },
            Role::CliApp => Mark {
                app: Some(CLI_APP),
                ..none
            },
            Role::CliAgent => Mark {
                agent: Some("azurecli/2.69.0 (contoso-toolbox)"),
                ..none
            },
            Role::AdminSession => Mark {
                session: Some(ADMIN_SESSION),
                ..none
            },
            Role::AdminDevice => Mark {
                device: Some(ADMIN_DEVICE),
                ..none
            },
            Role::Everyday | Role::Attack | Role::ServiceAccount | Role::AdminNetwork => none,
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
