//! What can be asked of the generator. Callers: the `generate` command, tests, benchmarks.
//! Equal options give equal bytes.

use std::time::Duration;

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Number of records in all: sign-ins, other categories, doubled and broken ones.
    pub records: u64,
    /// Number of users.
    pub users: u32,
    /// What makes one stream differ from another.
    pub seed: u64,
    /// Event time of the earliest record, nanoseconds since 1970 (rounded down to microseconds).
    pub start: i64,
    /// From the earliest event to the latest.
    pub span: Duration,
    /// How the records are written.
    pub shape: Shape,
    /// Mean size of a record in bytes, its line's end included. What fills a record is its list of
    /// conditional access policies; without any, and without the details that no rule reads, a record
    /// has about 2,500 bytes (2,700 in the diagnostic shape), and none gets smaller.
    pub size: usize,
    /// Share of the sign-ins that are interactive, 0.0 to 1.0.
    pub interactive: f64,
    /// Share of the sign-ins that fail, 0.0 to 1.0.
    pub failures: f64,
    /// Share of the users who change their network during the day, 0.0 to 1.0. They are where an
    /// honest stream's detections come from.
    pub moving: f64,
    /// Number of stolen sessions: an interactive sign-in and, within ten minutes, one to three
    /// tokens from another address and AS.
    pub attacks: u32,
    /// Number of cases of each benign scenario that the shipped exclusions name (see [`Role`]).
    pub benign: u32,
    /// In which order the records come.
    pub order: Order,
    /// Share of the records that are delivered twice, 0.0 to 1.0.
    pub duplicates: f64,
    /// What holds the records.
    pub envelope: Envelope,
    /// What holds one record.
    pub wrap: Wrap,
    /// Irregularities, each by its share.
    pub noise: Noise,
}

impl Default for Options {
    /// A clean day of 60,000 sign-ins of 1,500 users, by time, as diagnostic settings write them.
    fn default() -> Options {
        Options {
            records: 60_000,
            users: 1_500,
            seed: 1,
            start: 1_772_409_600_000_000_000, // 2026-03-02T00:00:00Z, a Monday
            span: Duration::from_secs(86_400),
            shape: Shape::Diagnostic,
            size: 3_300,
            interactive: 0.15,
            failures: 0.08,
            moving: 0.25,
            attacks: 20,
            benign: 0,
            order: Order::Time,
            duplicates: 0.0,
            envelope: Envelope::None,
            wrap: Wrap::None,
            noise: Noise::NONE,
        }
    }
}

/// How a sign-in is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Shape {
    /// By the diagnostic settings of Entra ID: `category` and `properties`.
    #[default]
    Diagnostic,
    /// As a row of Log Analytics: `Type`, `TimeGenerated` and other capitalised columns.
    LogAnalytics,
    /// As Microsoft Graph's `signIn` resource.
    Graph,
    /// Each record in one of the three.
    Mixed,
}

/// In which order the records come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// By event time.
    #[default]
    Time,
    /// As they are really delivered: interactive sign-ins 5 to 15 minutes after the event, all
    /// others 15 to 30 minutes after it.
    Delivered,
    /// Each record late by a random time of at most this much.
    Shuffled(Duration),
}

/// What holds the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Envelope {
    /// One record a line.
    #[default]
    None,
    /// `{"records":[…]}` with up to 100 records a line, as an Event Hub message.
    Records,
}

/// What holds one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Wrap {
    /// The record itself.
    #[default]
    None,
    /// An object with the record as JSON text under `log`, as Fluent Bit's `tail` makes it.
    Log,
    /// An object with the record as JSON text under `message`, as Vector's sources make it.
    Message,
}

/// Irregularities that real streams have, each by the share of records that have it (0.0 to 1.0).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Noise {
    /// Records of other categories: service principals, managed identities, audit logs.
    pub other_categories: f64,
    /// No AS number.
    pub missing_asn: f64,
    /// No user agent.
    pub missing_user_agent: f64,
    /// An empty address.
    pub missing_ip: f64,
    /// The user's name with capital letters.
    pub mixed_case: f64,
    /// A GUID in place of the user's name, as for guests and deleted users.
    pub guid_user: f64,
    /// An empty user's name.
    pub empty_user: f64,
    /// Numbers written as text, and the other way round.
    pub text_numbers: f64,
    /// Timestamps with an offset, without one, or with nine fraction digits.
    pub odd_times: f64,
    /// An IPv4 address with a port, or mapped into IPv6.
    pub odd_addresses: f64,
    /// No time at all.
    pub no_time: f64,
    /// A line that is not a record: cut off or not JSON.
    pub broken: f64,
}

impl Noise {
    /// A stream without irregularities.
    pub const NONE: Noise = Noise {
        other_categories: 0.0,
        missing_asn: 0.0,
        missing_user_agent: 0.0,
        missing_ip: 0.0,
        mixed_case: 0.0,
        guid_user: 0.0,
        empty_user: 0.0,
        text_numbers: 0.0,
        odd_times: 0.0,
        odd_addresses: 0.0,
        no_time: 0.0,
        broken: 0.0,
    };

    /// Every irregularity, in shares that a day of records shows.
    pub const REALISTIC: Noise = Noise {
        other_categories: 0.06,
        missing_asn: 0.004,
        missing_user_agent: 0.03,
        missing_ip: 0.001,
        mixed_case: 0.15,
        guid_user: 0.004,
        empty_user: 0.002,
        text_numbers: 0.10,
        odd_times: 0.15,
        odd_addresses: 0.005,
        no_time: 0.0005,
        broken: 0.0003,
    };

    /// As [`Noise::REALISTIC`], but every line is a record with a time.
    pub const READABLE: Noise = Noise {
        no_time: 0.0,
        broken: 0.0,
        ..Noise::REALISTIC
    };
}

/// Which part of the story a sign-in plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// Everyday traffic.
    #[default]
    Everyday,
    /// The victim's sign-in or the thief's token.
    Attack,
    /// Excused by the user: a service account.
    ServiceAccount,
    /// Excused by the client app: an automation job.
    AutomationApp,
    /// Excused by the client app: a build or deployment pipeline.
    PipelineApp,
    /// Excused by the client app: a command-line tool.
    CliApp,
    /// Excused by the user agent: a command-line tool.
    CliAgent,
    /// Excused by the address: an admin workstation's network.
    AdminNetwork,
    /// Excused by the session: an approved remote session.
    AdminSession,
    /// Excused by the device's name: an admin workstation.
    AdminDevice,
}

impl Role {
    /// The benign scenarios.
    pub const BENIGN: [Role; 8] = [
        Role::ServiceAccount,
        Role::AutomationApp,
        Role::PipelineApp,
        Role::CliApp,
        Role::CliAgent,
        Role::AdminNetwork,
        Role::AdminSession,
        Role::AdminDevice,
    ];
}
