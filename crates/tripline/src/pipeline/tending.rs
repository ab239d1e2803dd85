//! What a run that correlates looks after between two blocks, and while nothing comes: the clock, edited
//! rules, and the state that a later run goes on with. Part of [`Correlate`], which calls it.

use std::fs::File;
use std::time::{Duration, Instant};

use tripline_engine::lang::checked::Checked;
use tripline_output::outcome::rules_text;
use tripline_state::Keeper;

use super::correlation::Correlate;
use super::desk::{Report, Take};
use super::in_force::InForce;
use super::wall::Wall;
use crate::exit::Failure;
use crate::rules::{self, Kept, Loaded, Watched};
use crate::state::{Head, Positions};

/// What is looked after.
pub(crate) struct Tending {
    /// The clock.
    pub(crate) wall: Wall,
    /// The rules as the other threads see them.
    pub(crate) in_force: InForce,
    /// The rules' files, if they are watched.
    pub(crate) watched: Option<Watched>,
    /// Writes the state, if one is kept.
    pub(crate) keeper: Option<Keeper>,
    /// How far the inputs have been read.
    pub(crate) positions: Positions,
    /// What is written: see [`Head::written_as`].
    pub(crate) written_as: String,
    /// When this run began, and how long the earlier ones took.
    pub(crate) started: Instant,
    /// See `started`.
    pub(crate) before: Duration,
}

impl Tending {
    /// Takes note that the state is not what was written last.
    pub(super) fn happened(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.happened();
        }
    }

    /// How long this run and those that it goes on from took.
    pub(crate) fn elapsed(&self) -> Duration {
        self.before.saturating_add(self.started.elapsed())
    }
}

impl Correlate {
    /// Does what is due. Everything that was given is written.
    pub(super) fn tend(&mut self) -> Result<(), Failure> {
        if let Some(ahead_from) = self.tending.wall.look(&mut self.engine) {
            self.desk.ahead_from = ahead_from;
        }
        let today = self.tending.wall.today();
        let edited = self.tending.watched.as_mut();
        if let Some(loaded) = edited.and_then(|watched| watched.edited(today)) {
            self.reload(&loaded)?;
        }
        let Some(keeper) = &mut self.tending.keeper else {
            return Ok(());
        };
        if !keeper.is_due() {
            if let Some(said) = keeper.go_on(&mut self.engine) {
                self.desk.progress.say(&said);
            }
            return Ok(());
        }
        let (head, outputs) = self.head()?;
        match &mut self.tending.keeper {
            Some(keeper) => Ok(keeper.begin(&mut self.engine, &head, outputs)?),
            None => Ok(()),
        }
    }

    /// Writes the state, if one is kept, and waits until it is written: before the first record, so that
    /// the outputs are known whenever the run is killed, and after the last one.
    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        if self.tending.keeper.is_none() {
            return Ok(());
        }
        let (head, outputs) = self.head()?;
        match &mut self.tending.keeper {
            Some(keeper) => Ok(keeper.finish(&mut self.engine, &head, outputs)?),
            None => Ok(()),
        }
    }

    /// Everything of the state but the engine's snapshot, and the files that it speaks of.
    fn head(&mut self) -> Result<(Head, Vec<File>), Failure> {
        let desk = &mut self.desk;
        desk.out.flush()?;
        let mut outputs: Vec<File> = desk.out.handle().into_iter().collect();
        let dead_letter = match desk.ledger.dead_letter() {
            Some(dead_letter) => {
                outputs.extend(dead_letter.handle());
                dead_letter.left()?
            }
            None => None,
        };
        let head = Head {
            written_as: self.tending.written_as.clone(),
            inputs: self.tending.positions.known(&desk.ledger),
            next_index: self.tending.positions.next(),
            output: desk.out.left(),
            dead_letter,
            account: desk.ledger.account(),
            detections: desk.detections,
            unattached: desk.unattached(),
            ahead: desk.ahead,
            last_input: desk.source,
            peak: self.peak.max(self.engine.stats().peak_state_bytes),
            seconds: self.tending.elapsed().as_secs_f64(),
        };
        Ok((head, outputs))
    }

    /// Puts edited rules in force, or says what is wrong with them.
    fn reload(&mut self, loaded: &Loaded) -> Result<(), Failure> {
        let shown = loaded.shown_on_stderr();
        let Some((watched, checked)) = self.tending.watched.as_ref().zip(loaded.checked.as_ref())
        else {
            self.desk.progress.say(&rules::in_error(&shown));
            return Ok(());
        };
        let (quiet, kept) = (watched.quiet, watched.kept);
        let said = self.change(checked, kept)?;
        if !quiet {
            self.desk
                .progress
                .say(&format!("rules were edited: goes on with {said}\n{shown}"));
        }
        Ok(())
    }

    fn change(&mut self, checked: &Checked, kept: Kept) -> Result<String, Failure> {
        let (rules, all) = kept.compile(checked);
        let mut take = Take::new(&mut self.desk, None);
        let reloaded = self.engine.reload(rules.clone(), &mut take);
        take.result()?;
        self.tending.in_force.change(rules);
        self.tending.happened();
        self.scan.follow();
        if let (
            Report::Print {
                completion: Some(completion),
                ..
            },
            Some(all),
        ) = (&mut self.desk.report, all)
        {
            completion.change(all);
        }
        // What was settled because its rule is gone appears at once.
        self.desk.out.flush()?;
        Ok(rules_text(&reloaded.rules))
    }
}
