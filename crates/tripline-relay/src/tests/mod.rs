//! The relay between fakes of both its neighbours, in this process: what is promised when all goes well
//! ([`passing`]), when the receiver or the relay fails ([`faults`]), when senders do ([`senders`]), over a restart
//! ([`restart`]), and by TLS ([`secure`]). [`figures`] asserts nothing.

mod faults;
mod figures;
mod neighbours;
mod passing;
mod restart;
mod secure;
mod senders;

use std::time::Duration;

use chrono::NaiveDate;
use tripline_engine::lang::{check, source::SourceSet};
use tripline_engine::{Emission, EventFields, Options, RuleSet};

use crate::settings::{Compression, Limits, Receiver, Settings};
use crate::{Running, Target, start};

/// One user's sign-ins from two addresses within ten minutes; what is noisy is dropped or tagged.
const RULES: &str = r#"
schema signin {
  accept present(.user)
  time : timestamp = .time
  id   : string    = .id
  user : string    = .user
  ip   : ip        = .ip
  kind : string    = .kind
}
rule moved {
  sequence by user within 10m {
    first  = last signin
    second = signin where present(first.ip) and second.ip != first.ip
  }
  emit { from = first.ip }
}
filter noise {
  on signin
  drop when kind == "noise"
  tag "odd" when kind == "odd"
}
"#;

fn rules(text: &str) -> RuleSet {
    let today = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    let mut sources = SourceSet::from_texts([("rules.trip", text)]);
    let checking = check(&mut sources, today);
    let checked = checking.checked.unwrap_or_else(|| {
        panic!(
            "{}",
            tripline_engine::lang::diagnostic::render::rich(&checking.diagnostics, &sources, false)
        )
    });
    RuleSet::compile(&checked, EventFields::Declared)
}

/// A record of a user's sign-in in that second, from an address that ends in `ip`.
fn signin(id: u32, user: &str, second: u32, ip: u32) -> String {
    format!(
        r#"{{"id":"{id}","user":"{user}","ip":"192.0.2.{ip}","time":"2026-03-02T10:{:02}:{:02}Z"}}"#,
        second / 60,
        second % 60
    )
}

/// Settings for a relay that forwards there.
fn settings(target: Target) -> Settings {
    Settings {
        listen: vec![([127, 0, 0, 1], 0).into()],
        admin: None,
        tls: None,
        token: None,
        forward: receiver(target),
        detections: None,
        filters: false,
        member: "tripline".to_owned(),
        options: Options {
            emission: Emission::Early,
            ..Options::new(NaiveDate::from_ymd_opt(2026, 3, 2).unwrap())
        },
        engine: None,
        skew: None,
        state: None,
        limits: Limits {
            silence: Duration::from_millis(500),
            drain: Duration::from_secs(5),
            ..Limits::default()
        },
    }
}

fn receiver(target: Target) -> Receiver {
    Receiver {
        target,
        ca: None,
        identity: None,
        token: None,
        compression: Compression::None,
        timeout: Duration::from_secs(5),
    }
}

async fn running(settings: Settings) -> Running {
    start(settings, rules(RULES), None).await.unwrap()
}
