//! The program as it is written, line by line, with the names of its variables. A field of a schema has
//! a variable of its own; what stands between has numbered ones.

use std::collections::HashSet;

use crate::literal;

/// Writes a program.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    indent: usize,
    numbered: usize,
    taken: HashSet<String>,
}

impl Writer {
    /// A line.
    pub(crate) fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.text.push_str(&"  ".repeat(self.indent));
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    /// The lines of a text, indented.
    pub(crate) fn lines(&mut self, lines: &str) {
        for line in lines.lines() {
            self.line(line);
        }
    }

    /// The head of a block; what follows is in it.
    pub(crate) fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.indent += 1;
    }

    /// Ends the block.
    pub(crate) fn close(&mut self) {
        self.close_with("}");
    }

    /// Ends the block with this line.
    pub(crate) fn close_with(&mut self, line: &str) {
        self.indent = self.indent.saturating_sub(1);
        self.line(line);
    }

    /// Ends the block and begins another one beside it: `else`, or `else if …`.
    pub(crate) fn otherwise(&mut self, condition: &str) {
        self.indent = self.indent.saturating_sub(1);
        let space = if condition.is_empty() { "" } else { " " };
        self.line(&format!("}} else{space}{condition} {{"));
        self.indent += 1;
    }

    /// A variable that nothing else has.
    pub(crate) fn fresh(&mut self) -> String {
        self.numbered += 1;
        format!("t{}", self.numbered)
    }

    /// A variable for something that has a name; one of its own where another has that name already.
    pub(crate) fn named(&mut self, name: &str) -> String {
        // Numbered variables have no underscore, and no word of VRL has one behind two letters.
        let plain = literal::is_plain(name) && name.contains('_');
        let base = if plain { name } else { "event_field" };
        let mut tried = base.to_owned();
        let mut number = 1;
        while !self.taken.insert(tried.clone()) {
            number += 1;
            tried = format!("{base}_{number}");
        }
        tried
    }

    /// All that was written.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}
