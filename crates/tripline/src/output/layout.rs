//! Fitting text to the width of a terminal: how wide it is, lines that are too long, columns that
//! together are too wide. Called by the formats for people.

use std::io::IsTerminal as _;

/// The width of a terminal that does not tell it.
const USUAL: usize = 80;

/// The narrowest that a column is made.
const NARROWEST: usize = 4;

/// How many places a line has where standard output goes to a terminal; none where it goes elsewhere,
/// so that nothing is to be shortened.
pub(crate) fn terminal_width() -> Option<usize> {
    let told = terminal_size::terminal_size_of(std::io::stdout());
    std::io::stdout()
        .is_terminal()
        .then(|| told.map_or(USUAL, |(width, _)| usize::from(width.0)))
}

/// A text as lines of at most `width` places, broken at spaces where there are any.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(NARROWEST);
    if text.chars().count() <= width {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0usize;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if used > 0 && used.saturating_add(1).saturating_add(word.len()) > width {
            lines.push(line.trim_end().to_owned());
            line.clear();
            used = 0;
        } else if !line.is_empty() {
            line.push(' ');
            used = used.saturating_add(1);
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        used = used.saturating_add(word.len());
        line.extend(word);
    }
    lines.push(line);
    lines
}

/// Takes from the widest columns until all together have at most `room` places.
pub(super) fn shrink(widths: &mut [usize], room: usize) {
    let mut sum: usize = widths.iter().sum();
    while sum > room {
        let Some(widest) = widths.iter_mut().max().filter(|width| **width > NARROWEST) else {
            return;
        };
        *widest = widest.saturating_sub(1);
        sum = sum.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_within_words_that_are_too_long() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrapped("äöü", 80), ["äöü"]);
        assert_eq!(wrapped("", 80), [""]);
        assert_eq!(wrapped("  as  it is ", 80), ["  as  it is "]);
        for width in 4..30 {
            let text = "a value with words of allsortsoflengthsindeed, 東京 too";
            let lines = wrapped(text, width);
            assert!(lines.iter().all(|line| line.chars().count() <= width));
            let whole = |text: &str| text.replace(' ', "");
            assert_eq!(whole(&lines.concat()), whole(text), "nothing is lost");
        }
    }

    #[test]
    fn the_widest_columns_give_way_first() {
        let mut widths = [10, 40, 30];
        shrink(&mut widths, 40);
        assert_eq!(widths.iter().sum::<usize>(), 40);
        assert_eq!(widths.first(), Some(&10));
        let mut widths = [4, 4];
        shrink(&mut widths, 2);
        assert_eq!(widths, [4, 4]);
    }
}
