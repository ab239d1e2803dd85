//! The configuration of Vector around a program: one `remap` transform, whose inputs a person fills in.

use crate::Exported;

/// The configuration.
pub(crate) fn config(exported: &Exported, left: &[String]) -> String {
    let mut out = String::from(
        "# Written by `tripline export vector`; do not edit, export again.\n\
         # Manual: docs/vector-export.md of tripline.\n",
    );
    names(&mut out, "filters", &exported.filters);
    names(&mut out, "rules", &exported.rules);
    let needs: Vec<String> = exported
        .left_out
        .iter()
        .map(|left| format!("{} ({})", left.rule, left.form))
        .collect();
    names(&mut out, "needs the relay", &needs);
    names(&mut out, "left to the relay", left);
    out.push_str(
        "transforms:\n  \
           tripline:\n    \
             type: remap\n    \
             inputs: [] # fill in: the sources or transforms whose events are to be judged\n    \
             drop_on_abort: true\n    \
             source: |-\n",
    );
    for line in exported.program.lines() {
        if !line.is_empty() {
            out.push_str("      ");
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

fn names(out: &mut String, what: &str, names: &[String]) {
    if !names.is_empty() {
        out.push_str(&format!("#   {what}: {}\n", names.join(", ")));
    }
}
