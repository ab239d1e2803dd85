//! What of one rule set's state another set can go on with: rules are found again by their id, may
//! go on if their fingerprint is the same, and events that are kept with other fields now are
//! packed anew, by name and type. Used where a snapshot is restored and where rules are reloaded.

use std::collections::HashMap;

use crate::pack::Unpacker;
use crate::program::Program;

/// What became of the state of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleFate {
    /// Its steps, key and window are as they were: it goes on with its state.
    Kept,
    /// Its steps, key or window are others now: it begins anew, and its old state is gone.
    Changed,
    /// There is no rule of its id any more; its state is gone.
    Gone,
    /// There was no rule of its id; it begins.
    New,
}

/// One rule, before or after, and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutcome {
    /// The rule's id.
    pub id: String,
    /// Its name: the new one, except where it is gone.
    pub name: String,
    /// What became of its state.
    pub fate: RuleFate,
    /// How many events it goes on with; of a rule that is changed or gone, how many were dropped.
    pub events: u64,
}

/// What a rule's events are kept with.
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) fingerprint: u128,
    /// Events before this time are not known.
    pub(super) begun: i64,
    /// For each step, the fields in the order packed.
    pub(super) steps: Vec<Vec<KeptField>>,
}

/// A field as it is packed.
#[derive(PartialEq)]
pub(super) struct KeptField {
    pub(super) name: String,
    pub(super) ty: String,
}

impl Kept {
    /// What each rule of a set keeps, in their order.
    pub(super) fn of(program: &Program) -> Vec<Kept> {
        let rules = program.rules.iter().zip(&program.infos);
        let field = |schema: usize, field: usize| {
            let field = program.schemas.get(schema)?.fields.get(field)?;
            Some(KeptField {
                name: field.name.clone(),
                ty: field.ty.to_string(),
            })
        };
        rules
            .map(|(rule, info)| Kept {
                id: info.meta.id.clone(),
                name: info.name.clone(),
                fingerprint: rule.fingerprint,
                begun: i64::MIN,
                steps: rule
                    .steps
                    .iter()
                    .map(|step| {
                        let fields = step.layout.fields.iter();
                        fields.filter_map(|at| field(step.schema, *at)).collect()
                    })
                    .collect(),
            })
            .collect()
    }
}

/// How events of one layout become events of another.
pub(crate) struct Repack {
    /// For each field of the new layout its place in the old one; none where they are the same.
    places: Option<Vec<Option<usize>>>,
    /// How many fields the old layout has.
    before: usize,
}

impl Repack {
    fn new(old: &[KeptField], new: &[KeptField]) -> Repack {
        let place = |field: &KeptField| old.iter().position(|other| other == field);
        Repack {
            places: (old != new).then(|| new.iter().map(place).collect()),
            before: old.len(),
        }
    }

    /// How many fields the old layout has.
    pub(super) fn before(&self) -> usize {
        self.before
    }

    /// Whether events can stay as they are.
    pub(super) fn is_nothing(&self) -> bool {
        self.places.is_none()
    }

    /// An event's fields in the new layout; what the old one did not keep is missing. What is
    /// packed behind the fields stays behind them.
    pub(super) fn fields(&self, packed: &[u8]) -> Box<[u8]> {
        let Some(places) = &self.places else {
            return packed.into();
        };
        let mut unpacker = Unpacker::new(packed);
        let values: Vec<&[u8]> = (0..self.before).map(|_| unpacker.packed()).collect();
        let mut out = Vec::with_capacity(packed.len() + places.len());
        for place in places {
            let value = place.and_then(|place| values.get(place)).copied();
            out.extend_from_slice(value.filter(|value| !value.is_empty()).unwrap_or(&[0]));
        }
        out.extend_from_slice(unpacker.rest());
        out.into()
    }
}

/// A rule that was, in the new set.
pub(crate) struct Successor {
    /// Its index there.
    pub(crate) rule: usize,
    /// How its events are carried over, for each step; none if its state is not.
    pub(crate) repack: Option<Vec<Repack>>,
}

/// What becomes of every rule.
pub(super) struct Plan {
    /// For each old rule the new one of its id.
    pub(super) successors: Vec<Option<Successor>>,
    old: Vec<Kept>,
    new: Vec<Kept>,
}

impl Plan {
    /// Finds the old rules again. Ids are unique in a set that was checked; of two old rules that
    /// claim one, the first has it.
    pub(super) fn new(old: Vec<Kept>, program: &Program) -> Plan {
        let new = Kept::of(program);
        let ids = new.iter().enumerate().map(|(at, rule)| (&*rule.id, at));
        let mut by_id: HashMap<&str, usize> = ids.collect();
        let mut successors = Vec::new();
        for was in &old {
            let at = by_id.remove(was.id.as_str());
            let found = at.and_then(|at| Some((at, new.get(at)?)));
            successors.push(found.map(|(rule, now)| {
                let same = now.fingerprint == was.fingerprint && now.steps.len() == was.steps.len();
                let steps = was.steps.iter().zip(&now.steps);
                let repack = steps.map(|(was, now)| Repack::new(was, now)).collect();
                Successor {
                    rule,
                    repack: same.then_some(repack),
                }
            }));
        }
        Plan {
            successors,
            old,
            new,
        }
    }

    /// The new index of an old rule and how its events are carried over; none if they are not.
    pub(super) fn kept(&self, old: usize) -> Option<(usize, &[Repack])> {
        let successor = self.successors.get(old)?.as_ref()?;
        Some((successor.rule, successor.repack.as_deref()?))
    }

    /// Before which time an old rule knows no events.
    pub(super) fn begun(&self, old: usize) -> i64 {
        self.old.get(old).map_or(i64::MIN, |rule| rule.begun)
    }

    /// How many steps an old rule has; none if there is no such rule.
    pub(super) fn steps(&self, old: usize) -> Option<usize> {
        self.old.get(old).map(|rule| rule.steps.len())
    }

    /// What is told of it all: the rules of the new set in their order, then those that are gone.
    /// `events` are those of each old rule.
    pub(super) fn outcomes(&self, events: &[u64]) -> Vec<RuleOutcome> {
        let outcome = |rule: &Kept, fate, events| RuleOutcome {
            id: rule.id.clone(),
            name: rule.name.clone(),
            fate,
            events,
        };
        let mut outcomes: Vec<RuleOutcome> = self
            .new
            .iter()
            .map(|rule| outcome(rule, RuleFate::New, 0))
            .collect();
        let old = self.old.iter().zip(&self.successors).zip(events);
        for ((rule, successor), events) in old {
            match successor {
                None => outcomes.push(outcome(rule, RuleFate::Gone, *events)),
                Some(successor) => {
                    if let Some(now) = outcomes.get_mut(successor.rule) {
                        now.fate = match successor.repack {
                            Some(_) => RuleFate::Kept,
                            None => RuleFate::Changed,
                        };
                        now.events = *events;
                    }
                }
            }
        }
        outcomes
    }
}

#[cfg(test)]
mod tests {
    use tripline_lang::value::Value;

    use super::*;
    use crate::pack::pack;

    #[test]
    fn events_are_packed_anew_by_name_and_type_and_what_was_not_kept_is_missing() {
        let fields = |of: &[(&str, &str)]| -> Vec<KeptField> {
            of.iter()
                .map(|(name, ty)| KeptField {
                    name: (*name).into(),
                    ty: (*ty).into(),
                })
                .collect()
        };
        let old = fields(&[("a", "int"), ("b", "[string]"), ("c", "int")]);
        let new = fields(&[
            ("c", "int"),
            ("d", "int"),
            ("b", "[string]"),
            ("a", "string"),
        ]);
        let mut packed = vec![];
        pack(&Value::Int(1), &mut packed);
        pack(
            &Value::List(vec![Value::Text("x".into()), Value::Missing]),
            &mut packed,
        );
        pack(&Value::Int(3), &mut packed);
        pack(&Value::Int(99), &mut packed);
        let repacked = Repack::new(&old, &new).fields(&packed);
        let mut unpacker = Unpacker::new(&repacked);
        assert!(matches!(unpacker.next(), Value::Int(3)));
        assert!(matches!(unpacker.next(), Value::Missing));
        assert!(matches!(unpacker.next(), Value::List(of) if of.len() == 2));
        assert!(matches!(unpacker.next(), Value::Missing));
        assert!(
            matches!(unpacker.next(), Value::Int(99)),
            "what is behind the fields stays there"
        );
        assert!(Repack::new(&old, &old).is_nothing());
    }
}
