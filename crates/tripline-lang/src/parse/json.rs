//! JSON values as they stand in tests: their one spelling. Used by the formatter and by `compare`.

/// JSON text with spaces after `,` and `:` and inside braces, and nowhere else between its tokens.
pub(crate) fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut in_text = false;
    let mut escaped = false;
    for char in text.chars() {
        if in_text {
            out.push(char);
            in_text = escaped || char != '"';
            escaped = char == '\\' && !escaped;
            continue;
        }
        match char {
            ' ' | '\t' | '\r' | '\n' => {}
            '"' => {
                in_text = true;
                out.push(char);
            }
            ',' | ':' => out.extend([char, ' ']),
            '{' => out.push_str("{ "),
            '}' if out.ends_with("{ ") => {
                out.pop();
                out.push('}');
            }
            '}' => out.push_str(" }"),
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_outside_of_texts_is_set_anew() {
        let text = r#"{"a" :[ 1,-2.5e+3 ] , "b c":{ } ,"d":"x, {y}: \" z"}"#;
        let spaced_text = r#"{ "a": [1, -2.5e+3], "b c": {}, "d": "x, {y}: \" z" }"#;
        assert_eq!(spaced(text), spaced_text);
        assert_eq!(spaced(spaced_text), spaced_text);
    }
}
