//! Figures in the text format that Prometheus reads.

use std::fmt::Write;

use super::bound;
use super::profile::Profile;
use crate::shell::Figures;

/// The page of all figures.
pub fn text(figures: &Figures) -> String {
    let mut page = String::with_capacity(2048);
    for figure in &figures.rows {
        let kind = if figure.counter { "counter" } else { "gauge" };
        // Writing into a String cannot fail.
        let _ = writeln!(page, "# HELP {} {}", figure.name, figure.help);
        let _ = writeln!(page, "# TYPE {} {kind}", figure.name);
        for (labels, value) in &figure.values {
            page.push_str(figure.name);
            for (index, (label, value)) in labels.iter().enumerate() {
                let open = if index == 0 { '{' } else { ',' };
                let _ = write!(page, "{open}{label}=\"{}\"", escaped(value));
            }
            if !labels.is_empty() {
                page.push('}');
            }
            let _ = writeln!(page, " {value}");
        }
    }
    page
}

/// Numbers that only grow, by name, under one prefix.
pub fn counted(prefix: &str, counters: &[(&'static str, u64)]) -> String {
    let mut page = String::with_capacity(counters.len() * 64);
    for (name, value) in counters {
        let _ = writeln!(page, "# TYPE {prefix}_{name}_total counter\n{prefix}_{name}_total {value}");
    }
    page
}

/// What the process holds of the memory, and the most it can (REQ B-3).
pub fn memory(profile: &Profile) -> String {
    let mut page = String::new();
    let mut gauge = |name: &str, help: &str, value: u64| {
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    };
    gauge(
        "deskbell_memory_bound_bytes",
        "Memory with every table, buffer and connection of the profile full.",
        bound::worst_bytes(profile),
    );
    if let Some(bytes) = bound::resident_bytes() {
        gauge("deskbell_memory_resident_bytes", "Memory the process holds now.", bytes);
    }
    page
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Figure;

    #[test]
    fn a_figure_has_its_help_its_kind_and_its_labels() {
        let values = vec![(vec![("queue", "a\"b".to_owned())], 2.0)];
        let figure = Figure { name: "deskbell_waiting", help: "In line.", counter: false, values };
        let page = text(&Figures { rows: vec![figure] });
        let expected = "# HELP deskbell_waiting In line.\n# TYPE deskbell_waiting gauge\n\
                        deskbell_waiting{queue=\"a\\\"b\"} 2\n";
        assert_eq!(page, expected);
    }
}
