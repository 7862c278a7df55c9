//! Queues.

use super::super::field::{Field, Kind, List, Panel, Set, Subject, Tab};
use super::super::show::word_label;
use super::{number, words};

/// Where work waits for an agent.
pub(in crate::admin) static QUEUES: Subject = Subject {
    slug: "queues",
    one: "queue",
    many: "Queues",
    lede: "Where work waits for an agent. Workstreams put it in, people take it out.",
    list: List::Top { key: "queue", id: Some("id"), ordered: false },
    columns: &["Id", "Priority", "Given to", "People", "Workstreams"],
    cells: |desk, entry| {
        let id = words(entry, "id", "en");
        let people =
            desk.agents.iter().filter(|agent| agent.queues.iter().any(|queue| *queue == id.as_str()));
        let streams = desk.workstreams.iter().filter(|workstream| workstream.queue == id.as_str());
        let (people, streams) = (people.count().to_string(), streams.count().to_string());
        let given = word_label(&words(entry, "distribution", "en"));
        vec![id, number(entry, "priority"), given, people, streams]
    },
    new: &TAB,
    start: "priority = 1\ndistribution = \"most_idle\"\n",
    tabs: &[TAB],
};

const TAB: Tab = Tab {
    slug: "",
    name: "Queue",
    panel: Panel::None,
    sets: &[Set {
        legend: "",
        fields: &[
            Field::new("id", "Id", Kind::Line)
                .help("Other systems and the desk file name the queue by it.")
                .note("Letters, digits, - and _")
                .once(),
            Field::new("name", "Name", Kind::Line).help("Agents see it on every request."),
            Field::new("priority", "Priority", Kind::Number)
                .help("The smaller number is served first, then the oldest request.")
                .note("Default 1 · 0 to 1000"),
            Field::new(
                "distribution",
                "Given to",
                Kind::Choice(&[
                    ("most_idle", "Longest without work"),
                    ("round_robin", "Each in turn"),
                    ("highest_capacity", "Most units free"),
                    ("pick", "Picked by hand"),
                ]),
            )
            .help("How an agent is chosen among those who could take it.")
            .note("Takes effect on the next request"),
        ],
    }],
};
