//! The seal of a frozen day in words: how it came to be known, when it was frozen, what it
//! covers; and what a reader should know before trusting its numbers.

use super::day::DayInput;
use super::text::within_sentence;
use super::when;
use crate::model::definitions::TimeIs;
use crate::model::{Edition, Provenance};

/// A fact of the seal: `frozen` `7 Nov 02:00:04` `CST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The fact itself.
    pub value: String,
    /// What belongs to it and matters less.
    pub aside: Option<String>,
}

/// The facts of the seal, without the provenance, which stands before them.
pub fn facts(input: &DayInput<'_>) -> Vec<Fact> {
    let (doc, manifest) = (input.doc, input.manifest);
    let frozen = when::instant(manifest.captured_at, &manifest.window.time_zone, doc.date);
    let window = when::window(&manifest.window, doc.date);
    let fact =
        |name: &str, value: String, aside: Option<String>| Fact { name: name.to_owned(), value, aside };
    let mut facts = vec![
        fact("frozen", frozen.text, Some(frozen.zone)),
        fact("day", window.text, Some(format!("{} ({})", window.zone, when::hours(&manifest.window)))),
        fact("edition", doc.edition.to_string(), None),
    ];
    let alone = doc.events.len() == 1;
    for (name, events) in &doc.events {
        let of = if alone {
            "newest event seen".to_owned()
        } else {
            format!("newest of {}", within_sentence(&events.label))
        };
        let newest =
            events.newest.as_deref().map_or_else(|| "none".to_owned(), |text| newest(input, name, text));
        facts.push(fact(&of, newest, None));
    }
    facts.push(fact("definitions", manifest.definitions.fingerprint.0.short(), None));
    facts
}

/// An event's time as the source tells it; the time alone when it is of the day and in its zone.
fn newest(input: &DayInput<'_>, events: &str, text: &str) -> String {
    let definitions = input.definitions;
    let events = definitions.events.get(events);
    let zone = &events.map_or(&definitions.source, |events| definitions.source_of(events)).time_zone;
    let day = input.doc.date.to_string();
    match events.map(|events| events.time_is) {
        Some(TimeIs::Local) if *zone == definitions.calendar.time_zone => {
            let time = text.strip_prefix(&day).and_then(|rest| rest.strip_prefix([' ', 'T']));
            time.map_or(text, |time| time.trim_end_matches(".000000")).to_owned()
        }
        Some(TimeIs::Utc) => format!("{text} UTC"),
        _ => text.to_owned(),
    }
}

/// What the reader should know before the numbers, as sentences.
pub fn notes(input: &DayInput<'_>) -> Vec<String> {
    let doc = input.doc;
    let mut notes = input.remarks.to_vec();
    match doc.provenance {
        Provenance::Provisional => {
            notes.push(
                "Provisional: frozen before the day was final, so its numbers may still change.".to_owned(),
            );
        }
        Provenance::Reconstructed => notes.push(
            "Reconstructed: frozen after the next day was final, from what the rows said by then.".to_owned(),
        ),
        Provenance::Witnessed => {}
    }
    if doc.edition != Edition::FIRST {
        let before = doc.edition.number().saturating_sub(1);
        let reason = input.manifest.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        notes.push(if input.manifest.trigger == "final" {
            format!(
                "Edition {before} was frozen before the day was final; this one, {}, once it was.",
                doc.edition
            )
        } else {
            format!(
                "This is edition {} and restates edition {before}, which stays as it was{reason}.",
                doc.edition
            )
        });
    } else if let Some(reason) = &input.manifest.reason {
        notes.push(format!("Frozen because: {reason}."));
    }
    for events in doc.events.values() {
        notes.extend(events.notes.iter().cloned());
        if !events.crossed && events.notes.is_empty() {
            notes.push(format!(
                "{}: too many groups to cross the dimensions; each was read alone.",
                events.label
            ));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::{facts, notes};
    use crate::model::{Edition, Provenance};
    use crate::view::sample;

    #[test]
    fn the_seal_says_when_and_what() {
        let sample = sample::day();
        let told: Vec<_> = facts(&sample.input())
            .into_iter()
            .map(|fact| format!("{} {} {}", fact.name, fact.value, fact.aside.unwrap_or_default()))
            .collect();
        assert_eq!(
            told[..4],
            [
                "frozen 7 Nov 02:00:04 CST",
                "day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h)",
                "edition 1 ",
                "newest event seen 20:58:41 "
            ]
        );
        assert!(notes(&sample.input()).is_empty());
    }

    #[test]
    fn a_later_edition_says_why_it_is() {
        let mut sample = sample::day();
        sample.doc.provenance = Provenance::Reconstructed;
        sample.doc.edition = Edition::new(2).unwrap();
        sample.manifest.reason = Some("late dispositions".into());
        let told = notes(&sample.input());
        assert!(told[0].starts_with("Reconstructed:"), "{told:?}");
        assert_eq!(
            told[1],
            "This is edition 2 and restates edition 1, which stays as it was: late dispositions."
        );
    }

    #[test]
    fn the_newest_event_of_another_clock_is_told_in_full() {
        let mut sample = sample::day();
        sample.definitions.source.time_zone = "UTC".into();
        assert_eq!(facts(&sample.input())[3].value, "2025-11-06 20:58:41");
    }
}
