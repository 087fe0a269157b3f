//! Names in the configuration, made of names in the database.

use std::collections::{BTreeMap, BTreeSet};

use super::Proposal;

/// The longest name that is made: shorter than the longest that is taken, to have room for a number.
const LONGEST: usize = 50;

/// Names that are given away.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Names of which these are given away already.
    pub(super) fn but(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// A name like this one that nothing else has.
    pub(super) fn take(&mut self, name: &str) -> String {
        let base = sound(name);
        let numbered = (2_u64..).map(|number| format!("{base}_{number}"));
        let free = std::iter::once(base.clone()).chain(numbered).find(|name| !self.0.contains(name));
        let free = free.unwrap_or(base);
        self.0.insert(free.clone());
        free
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// The name in lower-case letters, digits and `_`, a letter first.
pub(super) fn sound(name: &str) -> String {
    let mut sound = String::new();
    for letter in name.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => sound.push(letter.to_ascii_lowercase()),
            _ if sound.is_empty() || sound.ends_with('_') => {}
            _ => sound.push('_'),
        }
    }
    sound.truncate(LONGEST);
    let sound = sound.trim_end_matches('_');
    if sound.starts_with(|first: char| first.is_ascii_lowercase()) {
        sound.to_owned()
    } else {
        format!("t_{sound}").trim_end_matches('_').to_owned()
    }
}

/// Names all metrics: by their column, with the events' name before it where two would be alike.
pub(super) fn metrics(proposal: &mut Proposal, mut names: Names) {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for metric in proposal.events.iter().flat_map(|events| &events.metrics) {
        *alike.entry(sound(&metric.name)).or_default() += 1;
    }
    for events in &mut proposal.events {
        for metric in &mut events.metrics {
            if metric.kind == "count" {
                // Events and a metric may share a name, and no two events do.
                metric.name.clone_from(&events.name);
                continue;
            }
            let own = sound(&metric.name);
            let is_alike = alike.get(&own).is_some_and(|number| *number > 1) || names.has(&own);
            metric.name = if is_alike {
                let mut prefix = events.name.clone();
                prefix.truncate(LONGEST / 2);
                names.take(&format!("{prefix}_{own}"))
            } else {
                names.take(&own)
            };
        }
    }
}
