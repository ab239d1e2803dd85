//! What happens in the stream, before anything is written: one small [`Event`] a record, in order of
//! event time. Everyday sign-ins follow the hours of a working day; tokens follow sign-ins; attacks
//! and benign scenarios are laid among them.
//!
//! INVARIANT: event times are whole microseconds, and no two interactive (and no two other) events
//! share one, so that "the most recent sign-in" is never ambiguous, not even in a database that
//! keeps microseconds only.

use crate::directory::{Network, User};
use crate::options::{Options, Role};
use crate::random::Random;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// The window of the shipped rule.
const WINDOW: i64 = 10 * MINUTE;

/// One record to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// Microseconds since 1970.
    pub(crate) time: i64,
    /// The source of everything else that is random in the record.
    pub(crate) seed: u64,
    /// The user's number.
    pub(crate) user: u32,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    pub(crate) network: Network,
    pub(crate) failed: bool,
    /// At exactly the time of a sign-in of the same user: keeps its time when others are moved apart.
    pub(crate) pinned: bool,
}

/// What kind of record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A sign-in with the user present.
    Interactive,
    /// A token issued or refreshed without the user.
    NonInteractive,
    /// A record of another category, which is no user's sign-in.
    Other,
    /// A line that is not a record.
    Broken,
}

/// Plans the whole stream, without doubled records. Holds about 40 bytes a record.
pub(crate) fn plan(options: &Options) -> Vec<Event> {
    Planner::new(options).run()
}

/// The number of records that are doubles of others.
pub(crate) fn doubles(options: &Options) -> u64 {
    share(options.records, options.duplicates)
}

fn share(of: u64, part: f64) -> u64 {
    ((of as f64) * part.clamp(0.0, 1.0)).round() as u64
}

struct Planner<'a> {
    options: &'a Options,
    random: Random,
    start: i64,
    span: i64,
    events: Vec<Event>,
}

impl<'a> Planner<'a> {
    fn new(options: &'a Options) -> Planner<'a> {
        Planner {
            options,
            random: Random::of(options.seed, 1),
            start: options.start.div_euclid(1_000),
            span: i64::try_from(options.span.as_micros())
                .unwrap_or(i64::MAX / 4)
                .max(SECOND),
            events: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Event> {
        let all = self.options.records - doubles(self.options).min(self.options.records);
        let broken = share(all, self.options.noise.broken);
        let other = share(all, self.options.noise.other_categories);
        let signins = all.saturating_sub(broken + other);
        self.cases(signins);
        let laid = self.events.len() as u64;
        let everyday = signins.saturating_sub(laid);
        let interactive = share(everyday, self.options.interactive);
        self.signins(interactive);
        self.tokens(everyday - interactive);
        for (count, kind) in [(other, Kind::Other), (broken, Kind::Broken)] {
            for _ in 0..count {
                let time = self.working_time();
                let user = self.anyone();
                self.add(time, user, kind, Role::Everyday, Network::DataCentre, false);
            }
        }
        self.events
            .truncate(usize::try_from(all).unwrap_or(usize::MAX));
        set_apart(&mut self.events);
        self.events
    }

    fn add(
        &mut self,
        time: i64,
        user: u32,
        kind: Kind,
        role: Role,
        network: Network,
        failed: bool,
    ) {
        let time = time.clamp(self.start, self.start + self.span);
        let seed = self.random.next();
        self.events.push(Event {
            time,
            seed,
            user,
            kind,
            role,
            network,
            failed,
            pinned: false,
        });
    }

    fn anyone(&mut self) -> u32 {
        self.random.below(u64::from(self.options.users.max(1))) as u32
    }

    /// A time of the span: three quarters fall in the middle 40 % of each day (07:12 to 16:48).
    fn working_time(&mut self) -> i64 {
        let days = self.span.div_euclid(24 * HOUR).max(1);
        let day = self.span / days;
        let from = self.start + day * self.random.between(0, days - 1);
        let within = if self.random.chance(0.75) {
            0.3 + 0.4 * self.random.unit()
        } else {
            self.random.unit()
        };
        from + (day as f64 * within) as i64
    }

    /// Attacks and benign scenarios: an interactive sign-in and tokens from elsewhere soon after.
    /// Each takes a user of its own, from the highest number down, as long as there are users.
    fn cases(&mut self, budget: u64) {
        let users = self.options.users.max(1);
        let attacks = (0..self.options.attacks).map(|_| Role::Attack);
        let benign = Role::BENIGN
            .iter()
            .flat_map(|role| (0..self.options.benign).map(|_| *role));
        for (number, role) in (0u32..).zip(attacks.chain(benign)) {
            let tokens = if role == Role::Attack {
                1 + self.random.below(3)
            } else {
                1
            };
            if self.events.len() as u64 + 1 + tokens > budget {
                break;
            }
            let user = users - 1 - number % users;
            let login = self.working_time().min(self.start + self.span - WINDOW);
            let own = self.network(user, login);
            let home = if own == Network::Home6 {
                Network::Home
            } else {
                own
            };
            self.add(login, user, Kind::Interactive, role, home, false);
            let hosting = (self.random.below(12)) as u8;
            for token in 0..tokens {
                // The first attacks stand on the ends of the window, which both count.
                let after = match (role, number, token) {
                    (Role::Attack, 0, 0) => 0,
                    (Role::Attack, 1, 0) => WINDOW,
                    _ => self.random.between(20 * SECOND, WINDOW - SECOND),
                };
                let network = match role {
                    Role::Attack => Network::Hosting(hosting),
                    Role::AdminNetwork => Network::Admin,
                    _ => Network::DataCentre,
                };
                self.add(
                    login + after,
                    user,
                    Kind::NonInteractive,
                    role,
                    network,
                    false,
                );
                if let Some(event) = self.events.last_mut() {
                    event.pinned = self.span > 2 * WINDOW && (after == 0 || after == WINDOW);
                }
            }
        }
        // A pinned token refers to its sign-in's time, so that time must not move either.
        let pinned: Vec<u32> = self
            .events
            .iter()
            .filter(|event| event.pinned)
            .map(|event| event.user)
            .collect();
        for event in self
            .events
            .iter_mut()
            .filter(|event| pinned.contains(&event.user))
        {
            event.pinned |= event.kind == Kind::Interactive;
        }
    }

    fn signins(&mut self, count: u64) {
        for _ in 0..count {
            let time = self.working_time();
            let user = self.anyone();
            let network = self.network(user, time);
            let failed = self.random.chance(self.options.failures);
            self.add(
                time,
                user,
                Kind::Interactive,
                Role::Everyday,
                network,
                failed,
            );
        }
    }

    /// Half of the tokens follow some sign-in within twenty minutes, the others come at any time.
    fn tokens(&mut self, count: u64) {
        let signins = self.events.len() as u64;
        for _ in 0..count {
            let followed = self.random.below(signins) as usize;
            let (time, user) = match self
                .events
                .get(followed)
                .filter(|_| self.random.chance(0.5))
            {
                Some(login) if login.role == Role::Everyday => (
                    login.time + self.random.between(SECOND, 2 * WINDOW),
                    login.user,
                ),
                _ => (self.working_time(), self.anyone()),
            };
            let network = self.network(user, time);
            let failed = self.random.chance(self.options.failures);
            self.add(
                time,
                user,
                Kind::NonInteractive,
                Role::Everyday,
                network,
                failed,
            );
        }
    }

    /// Where a user is at a time. Most stay at home or in the office; the moving ones go from home
    /// to the office and back, on the way with a mobile carrier.
    fn network(&mut self, user: u32, time: i64) -> Network {
        let mut traits = Random::of(self.options.seed, 0x4D4F_5645_0000_0000 | u64::from(user));
        let (moving, office, dual_stack) = (
            traits.chance(self.options.moving),
            traits.chance(0.5),
            traits.chance(0.4),
        );
        let network = if moving {
            let leaves = traits.between(7 * HOUR, 9 * HOUR);
            let returns = traits.between(15 * HOUR, 18 * HOUR);
            let way = traits.between(20 * MINUTE, 50 * MINUTE);
            let hour = (time - self.start).rem_euclid(24 * HOUR);
            match hour {
                _ if hour < leaves => Network::Home,
                _ if hour < leaves + way => Network::Mobile,
                _ if hour < returns => Network::Office,
                _ if hour < returns + way => Network::Mobile,
                _ => Network::Home,
            }
        } else if office {
            Network::Office
        } else {
            Network::Home
        };
        if network == Network::Home && dual_stack && self.random.chance(0.4) {
            Network::Home6
        } else {
            network
        }
    }
}

/// Sorts by time and moves events that share a microsecond with one of their kind to the next free
/// one.
fn set_apart(events: &mut [Event]) {
    // Pinned events come first among equals, so that the others move.
    let order = |event: &Event| {
        (
            event.time,
            !event.pinned,
            event.kind != Kind::Interactive,
            event.seed,
        )
    };
    events.sort_unstable_by_key(order);
    let (mut last_login, mut last_other) = (i64::MIN, i64::MIN);
    for event in events.iter_mut() {
        let last = if event.kind == Kind::Interactive {
            &mut last_login
        } else {
            &mut last_other
        };
        if event.time <= *last && !event.pinned {
            event.time = *last + 1;
        }
        *last = event.time.max(*last);
    }
    events.sort_unstable_by_key(order);
}

/// The user of an event.
pub(crate) fn user_of(options: &Options, event: &Event) -> User {
    match event.role {
        Role::ServiceAccount => User::service_account(options.seed, event.user),
        _ => User::new(options.seed, event.user),
    }
}
