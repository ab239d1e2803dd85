//! Texts and numbers as JSON writes them, for encodings whose values are shown as JSON.

/// Appends a text in quotes.
pub(super) fn quoted(text: &str, out: &mut Vec<u8>) -> Option<()> {
    serde_json::to_writer(out, text).ok()
}

/// A number as JSON writes it: with a fraction or an exponent even where it is whole, and `null`
/// where it is not finite.
pub(super) fn float_text(number: f64) -> String {
    serde_json::to_string(&number).unwrap_or_default()
}
