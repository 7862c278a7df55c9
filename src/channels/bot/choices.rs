//! Choices a bot offers: numbered lines at the end of its message. They are part of the text, so that they can
//! be read and answered on every channel, stand in every transcript and need no record of their own; the
//! widget makes buttons of them.

use crate::limits::{DESK_BOT_CHOICE_CHARS_MAX, DESK_BOT_CHOICES_MAX};

/// A text with choices below it.
pub fn listed(text: &str, labels: &[&str]) -> String {
    let mut out = text.trim_end().to_owned();
    for (at, label) in labels.iter().enumerate() {
        out.push_str(if at == 0 && !out.is_empty() {
            "\n\n"
        } else if at > 0 {
            "\n"
        } else {
            ""
        });
        out.push_str(&format!("{}. {label}", at + 1));
    }
    out
}

/// The choices of a message: the lines at its end that are numbered from 1 on without a gap.
pub fn choices(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    for count in (1..=DESK_BOT_CHOICES_MAX.min(lines.len())).rev() {
        let last = &lines[lines.len() - count..];
        let labels: Vec<&str> =
            last.iter().enumerate().map_while(|(at, line)| numbered(line, at + 1)).collect();
        if labels.len() == count {
            return labels;
        }
    }
    Vec::new()
}

fn numbered(line: &str, number: usize) -> Option<&str> {
    let (digits, label) = line.split_once(". ")?;
    let label = label.trim();
    let fits = !label.is_empty() && label.chars().count() <= DESK_BOT_CHOICE_CHARS_MAX;
    (fits && digits.parse() == Ok(number)).then_some(label)
}

/// Which of the labels a customer's message means: the label itself, capitals aside, or its number.
pub fn meant(labels: &[&str], text: &str) -> Option<usize> {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    let by_number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let by_label = labels.iter().position(|label| label.trim_end_matches('.').to_lowercase() == text);
    by_label.or(by_number.filter(|at| *at < labels.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_found_again() {
        let labels = ["Opening hours", "My invoice", "Else"];
        let text = listed("Hello.\nWhat is it about?\n", &labels);
        assert_eq!(text, "Hello.\nWhat is it about?\n\n1. Opening hours\n2. My invoice\n3. Else");
        assert_eq!(choices(&text), labels);
        assert_eq!(choices(&listed("", &labels[..1])), labels[..1]);
    }

    #[test]
    fn only_the_end_of_a_message_is_its_choices() {
        for none in ["", "1. a\nb", "2. a\n3. b", "1.a", "We open at 9. See you", "1. "] {
            assert!(choices(none).is_empty(), "{none:?}");
        }
        assert_eq!(choices("Take 1. left\n1. a\n2. b"), ["a", "b"]);
        let long = format!("1. {}", "x".repeat(DESK_BOT_CHOICE_CHARS_MAX + 1));
        assert!(choices(&long).is_empty());
    }

    #[test]
    fn a_choice_is_meant_by_its_label_or_its_number() {
        let labels = ["Ja", "Nee", "3"];
        assert_eq!(meant(&labels, " ja. "), Some(0));
        assert_eq!(meant(&labels, "2"), Some(1));
        assert_eq!(meant(&labels, "3"), Some(2));
        for none in ["0", "4", "", "jaja", "-1"] {
            assert_eq!(meant(&labels, none), None, "{none:?}");
        }
    }
}
