//! `GET /days/{when}/view`: a frozen day as it can be looked at now, of any members. What was frozen is what it is made of;
//! the page as it was frozen is one link away, and has not a byte more than then.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template as _;

use super::super::access::Call;
use super::super::answer::Answer;
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::compare::escaped;
use super::{address, around, html};
use crate::archive::ArchiveError;
use crate::archive::cube_file;
use crate::metrics::chosen::{Choice, chosen, crossed, rows_of};
use crate::model::{CubeTable, Day, Number, SnapshotId};
use crate::ops::entities::shown::shown;
use crate::ops::freeze::layout;
use crate::ops::restore::{Restored, restore};
use crate::ops::when::{self, When};
use crate::view::filter_links::{DimensionLinks, FilterLinks, MemberLink};
use crate::view::format::Format;
use crate::view::text::{isolated, member_name, visible, within_sentence};
use crate::view::{self, DayPage};

/// How many members of a dimension are listed.
const MOST: usize = 400;

/// What stands before the name of a dimension in an address.
const BY: &str = "by.";

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/days/{when}/view", READ, day)]
}

fn day(call: &Call) -> Result<Answer, Problem> {
    let when: When = call.asked.part("when")?;
    let asked: Vec<(String, String)> = call.asked.starting(BY);
    let known: Vec<String> = asked.iter().map(|(name, _)| format!("{BY}{name}")).collect();
    call.asked.only(&known.iter().map(String::as_str).collect::<Vec<_>>())?;
    let opened = call.days()?;
    let restored = restore(&opened.archive, &opened.history, when, opened.today(call.now)?)?;
    let (cubes, mut notes) = cubes(&opened, &restored)?;
    let places: Vec<String> = dimensions(&restored);
    let mut choice = Choice::default();
    for (name, keys) in &asked {
        if places.contains(name) && !cubes.is_empty() {
            choice.0.insert(name.clone(), keys.split(',').map(key).collect());
        } else {
            notes.push(format!("This day can't be filtered by {}.", isolated(name)));
        }
    }
    let mut doc = restored.doc.clone();
    let mut remarks = restored.remarks.clone();
    let mut links = links(call, &restored, &cubes, &choice);
    if !choice.0.is_empty() {
        let found = chosen(&restored.doc, &restored.definitions, &cubes, &choice);
        let without = found.without.iter().map(|name| format!(", and by {}", label(&restored, name)));
        links.said = Some(format!(
            "{} Not known for a choice: how it compares with other days{}.",
            said(&restored, &found.rows, &choice),
            without.collect::<String>()
        ));
        doc = found.doc;
    }
    remarks.extend(notes);
    let grown = shown(&opened.archive, &opened.config, restored.id.day);
    remarks.extend(grown.damaged);
    let layout = layout(Some(&opened.config), &restored.doc, &restored.definitions);
    let page = DayPage::new(&view::DayInput {
        doc: &doc,
        manifest: &restored.manifest,
        definitions: &restored.definitions,
        layout: &layout,
        remarks: &remarks,
        cubes: &[],
        grown: &grown.grown,
    })
    .on_its_own();
    let below = format!("{}{}", ways(call, &opened, &restored.id, &choice), links.render()?);
    let page = page.within(around(call, &opened, "/days", &below)?);
    Ok(html(page.to_bytes().map_err(|error| Problem::mistake(error.to_string()))?))
}

/// The day's cubes; without those that were thinned, which is said.
fn cubes(
    opened: &Opened,
    restored: &Restored,
) -> Result<(BTreeMap<String, CubeTable>, Vec<String>), Problem> {
    let (mut cubes, mut notes) = (BTreeMap::new(), Vec::new());
    for (name, about) in &restored.doc.events {
        if crossed(about).is_empty() {
            continue;
        }
        let file = format!("cubes/{name}.parquet");
        match opened.archive.read_file(&restored.manifest, &file) {
            Ok(bytes) => {
                let table = cube_file::decode(bytes);
                let table = table.map_err(|error| {
                    Problem::new(
                        axum::http::StatusCode::INTERNAL_SERVER_ERROR,
                        "damaged",
                        format!("{file} of {} can't be read: {error}", restored.id),
                    )
                })?;
                cubes.insert(name.clone(), table);
            }
            Err(ArchiveError::Pruned { .. }) => {
                notes.push(format!(
                    "{}: its groups were thinned, so it can't be filtered.",
                    isolated(&about.label)
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((cubes, notes))
}

/// The names of the dimensions of which members can be chosen, the first one that is not of time before all others.
fn dimensions(restored: &Restored) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut times: Vec<String> = Vec::new();
    for about in restored.doc.events.values() {
        let crossed = crossed(about);
        for dimension in about.dimensions.iter().filter(|one| crossed.contains(&one.name.as_str())) {
            let list = if dimension.time.is_some() { &mut times } else { &mut names };
            if !list.contains(&dimension.name) {
                list.push(dimension.name.clone());
            }
        }
    }
    names.extend(times);
    names
}

fn label(restored: &Restored, name: &str) -> String {
    let mut all = restored.doc.events.values().flat_map(|about| &about.dimensions);
    let label = all.find(|dimension| dimension.name == name).map_or(name, |dimension| &dimension.label);
    visible(&within_sentence(label)).into_owned()
}

/// What can be chosen, each by a link.
fn links(
    call: &Call,
    restored: &Restored,
    cubes: &BTreeMap<String, CubeTable>,
    choice: &Choice,
) -> FilterLinks {
    let names = if cubes.is_empty() { Vec::new() } else { dimensions(restored) };
    let of = |name: &String| {
        let mut counted: BTreeMap<Option<String>, Number> = BTreeMap::new();
        let mut is_time = false;
        for (events, about) in &restored.doc.events {
            let Some(table) = cubes.get(events) else { continue };
            is_time |= about.dimensions.iter().any(|one| one.name == *name && one.time.is_some());
            for (key, rows) in rows_of(table, about, name) {
                let sum = counted.entry(key).or_insert_with(Number::zero);
                *sum = sum.clone() + &rows;
            }
        }
        let mut members: Vec<(Option<String>, Number)> = counted.into_iter().collect();
        if is_time {
            let order = order(restored, name);
            members.sort_by_key(|(key, _)| order.iter().position(|known| known == key));
        } else {
            members.sort_by(|(_, one), (_, other)| other.cmp(one));
        }
        let chosen = choice.0.get(name);
        let more = members.len().saturating_sub(MOST);
        let members = members.into_iter().take(MOST).map(|(key, rows)| {
            let (main, small) = named(restored, name, key.as_ref());
            MemberLink {
                name: main,
                small,
                href: to(call, &restored.id, &toggled(choice, name, key.clone())),
                rows: Format::whole().show(&rows).to_string(),
                chosen: chosen.is_some_and(|keys| keys.contains(&key)),
            }
        });
        let mut without = choice.clone();
        without.0.remove(name);
        let mut label = label(restored, name);
        if let Some(first) = label.get(..1) {
            label = format!("{}{}", first.to_uppercase(), label.get(1..).unwrap_or_default());
        }
        DimensionLinks {
            label,
            all: to(call, &restored.id, &without),
            chosen: chosen.map_or(0, BTreeSet::len),
            members: members.collect(),
            more,
        }
    };
    let words: Vec<String> = names.iter().map(|name| label(restored, name)).collect();
    FilterLinks {
        dimensions: names.iter().map(of).collect(),
        words: words.join(", "),
        open: choice.0.keys().any(|name| names.first() != Some(name)),
        said: None,
        clear: to(call, &restored.id, &Choice::default()),
    }
}

/// The members of a dimension of time as the day goes.
fn order(restored: &Restored, name: &str) -> Vec<Option<String>> {
    let mut all: Vec<Option<String>> = Vec::new();
    for member in restored.doc.metrics.values().filter_map(|metric| metric.by.get(name)).flatten() {
        if !all.contains(&member.key) {
            all.push(member.key.clone());
        }
    }
    all
}

/// What a member is called.
fn named(restored: &Restored, dimension: &str, key: Option<&String>) -> (String, String) {
    let mut members = restored.doc.metrics.values().filter_map(|metric| metric.by.get(dimension)).flatten();
    let label = members.find(|member| member.key.as_ref() == key).and_then(|member| member.label.as_deref());
    let name = member_name(key.map(String::as_str), label);
    let small = name.small.as_deref().map(|small| visible(small).into_owned());
    (visible(&name.main).into_owned(), small.unwrap_or_default())
}

/// The choice with a member more, or without it.
fn toggled(choice: &Choice, dimension: &str, key: Option<String>) -> Choice {
    let mut choice = choice.clone();
    let keys = choice.0.entry(dimension.to_owned()).or_default();
    if !keys.remove(&key) {
        keys.insert(key);
    }
    if keys.is_empty() {
        choice.0.remove(dimension);
    }
    choice
}

/// Where a day is for a choice.
fn to(call: &Call, id: &SnapshotId, choice: &Choice) -> String {
    let words: Vec<(String, String)> = choice
        .0
        .iter()
        .map(|(name, keys)| {
            (
                format!("{BY}{name}"),
                keys.iter().map(|key| written(key.as_deref())).collect::<Vec<_>>().join(","),
            )
        })
        .collect();
    let words: Vec<(&str, &str)> = words.iter().map(|(name, keys)| (name.as_str(), keys.as_str())).collect();
    address(call, &format!("/days/{id}/view"), &words)
}

/// A key between commas; NULL is `~`.
fn written(key: Option<&str>) -> String {
    key.map_or_else(|| "~".to_owned(), |key| url::form_urlencoded::byte_serialize(key.as_bytes()).collect())
}

/// The same read again.
fn key(written: &str) -> Option<String> {
    (written != "~").then(|| {
        let pair = format!("k={}", written.replace('&', "%26"));
        let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
        pairs.next().map(|(_, key)| key.into_owned()).unwrap_or_default()
    })
}

/// What is chosen, in words: `Only campaign EASTSIDE or Colorado: 2,000 of 20,770 calls.`
fn said(restored: &Restored, rows: &BTreeMap<String, Option<Number>>, choice: &Choice) -> String {
    let part = |(name, keys): (&String, &BTreeSet<Option<String>>)| {
        let shown =
            keys.iter().take(6).map(|key| isolated(&named(restored, name, key.as_ref()).0).into_owned());
        let more = keys.len().saturating_sub(6);
        let more = (more > 0).then(|| format!("{more} more"));
        format!("{} {}", label(restored, name), shown.chain(more).collect::<Vec<_>>().join(" or "))
    };
    let parts: Vec<String> = choice.0.iter().map(part).collect();
    let counts: Vec<String> = restored
        .doc
        .events
        .iter()
        .map(|(name, about)| {
            let word = within_sentence(&about.label);
            let all = Format::whole().show(&Number::from(about.rows));
            match rows.get(name).cloned().flatten() {
                Some(some) => format!("{} of {all} {}", Format::whole().show(&some), isolated(&word)),
                None => format!("{} not known for this choice", isolated(&word)),
            }
        })
        .collect();
    format!("Only {}: {}.", parts.join(", "), counts.join(", "))
}

/// Links to the days beside it, to the page as it was frozen, and to what can be asked of the day.
fn ways(call: &Call, opened: &Opened, id: &SnapshotId, choice: &Choice) -> String {
    let day = id.day;
    let shown = |(day, editions): (Day, &[crate::archive::Frozen])| {
        when::shown(editions).map(|frozen| SnapshotId::new(day, frozen.line.edition))
    };
    let before = opened.history.days().rev().filter(|(other, _)| *other < day).find_map(shown);
    let after = opened.history.days().filter(|(other, _)| *other > day).find_map(shown);
    let week = day.checked_add(-7).filter(|week| opened.history.day(*week).is_ok_and(|all| !all.is_empty()));
    let mut ways: Vec<(String, String)> = Vec::new();
    ways.extend(before.map(|before| (to(call, &before, choice), format!("‹ {}", before.day))));
    ways.extend(after.map(|after| (to(call, &after, choice), format!("{} ›", after.day))));
    ways.push((address(call, &format!("/days/{id}"), &[]), "The page as it was frozen".to_owned()));
    ways.extend(week.or(before.map(|before| before.day)).map(|other| {
        let words = [("a", id.to_string()), ("b", other.to_string())];
        let words: Vec<(&str, &str)> = words.iter().map(|(name, value)| (*name, value.as_str())).collect();
        (address(call, "/compare", &words), format!("Compare with {other}"))
    }));
    ways.push((address(call, "/drift", &[("when", &id.to_string())]), "What the source says now".to_owned()));
    ways.push((address(call, &format!("/api/days/{id}"), &[]), "As JSON".to_owned()));
    let items: String = ways
        .iter()
        .map(|(href, words)| format!("<li><a href=\"{}\">{words}</a></li>", escaped(href)))
        .collect();
    format!("<ul class=\"ways\">{items}</ul>")
}

#[cfg(test)]
mod tests {
    use super::{key, written};

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in [None, Some(""), Some("~"), Some("a,b"), Some("a&b=c+d %25 é"), Some("EAST")] {
            assert_eq!(key(&written(text)).as_deref(), text);
            assert!(!written(text).contains(','));
        }
        assert_eq!(key("EAST SIDE").as_deref(), Some("EAST SIDE"));
    }
}
