//! `tripline relay`: loads rules, sets a relay up as asked for, and runs it until it is told to end.

mod arguments;
mod greeting;
mod module;
mod rules;
mod settings;
mod signals;

use std::time::Duration;

use chrono::Utc;
use tripline_relay::{JsonEngine, RelayError, log_to_stderr};

pub(crate) use self::arguments::Arguments;
use self::arguments::EngineKind;
use self::greeting::{about, greet};
use self::module::Deployed;
use self::rules::{Edited, summary};
use self::settings::settings;
use self::signals::Signals;
use crate::exit::{Failure, Status};
use crate::rules::{self as rule_files, Kept, Watched};

/// How long writing that nobody waits for any more may take when the relay ends.
const BLOCKED: Duration = Duration::from_secs(1);

/// Runs a relay.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let mut settings = settings(arguments)?;
    let kept = Kept {
        declared: true,
        again: false,
    };
    if arguments.engine == EngineKind::Wasm {
        settings.engine = Some(deployed(arguments)?);
    } else if arguments.module.is_some() || !arguments.access.is_empty() {
        return Err(Failure::Usage(
            "--module and --access have no meaning without --engine wasm".to_owned(),
        ));
    }
    let mut watched = Watched::new(
        &arguments.rules,
        arguments.watch_rules,
        kept,
        arguments.quiet,
    );
    let loaded = rule_files::load(&arguments.rules, Utc::now().date_naive());
    watched.reads(&loaded);
    if !arguments.quiet || loaded.checked.is_none() {
        loaded.report();
    }
    let Some(checked) = &loaded.checked else {
        return Ok(Status::InError);
    };
    let (rules, _) = kept.compile(checked);
    log_to_stderr(arguments.log_format.into(), arguments.quiet);
    let rules_said = match arguments.engine {
        EngineKind::Native => summary(&rules),
        EngineKind::Wasm => "are the module's".to_owned(),
    };
    let about = about(arguments, &rules_said);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::System(format!("cannot begin threads: {error}")))?;
    let ran = runtime.block_on(async {
        let source = Box::new(Edited(watched));
        // Before anything is taken, so that no signal is missed.
        let signals = Signals::new()
            .map_err(|error| Failure::System(format!("cannot listen to signals: {error}")))?;
        let running = tripline_relay::start(settings, rules, Some(source))
            .await
            .map_err(failure)?;
        if !arguments.quiet {
            greet(&running, arguments, &about);
        }
        Ok(signals.obey(running).await)
    });
    // A file or a standard output that takes nothing is not waited for: what is on its way there was
    // acknowledged to nobody.
    runtime.shutdown_timeout(BLOCKED);
    ran
}

/// The module as an engine.
fn deployed(arguments: &Arguments) -> Result<Box<dyn JsonEngine>, Failure> {
    if !arguments.rules.is_empty() || arguments.access.is_empty() {
        return Err(Failure::Usage(
            "with --engine wasm rules are in a folder that --access names, and --rules has no meaning".to_owned(),
        ));
    }
    let deployed = match &arguments.module {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|source| Failure::File {
                doing: "cannot read",
                path: path.display().to_string(),
                source,
            })?;
            Deployed::new(&bytes, &arguments.access)
        }
        None => Deployed::new(super::plugin::module()?, &arguments.access),
    }?;
    Ok(Box::new(deployed))
}

fn failure(error: RelayError) -> Failure {
    match error {
        RelayError::State(failure) => failure.into(),
        RelayError::Setting(said) => Failure::Usage(said),
        RelayError::File {
            doing,
            path,
            source,
        } => Failure::File {
            doing,
            path: path.display().to_string(),
            source,
        },
        other => Failure::System(other.to_string()),
    }
}
