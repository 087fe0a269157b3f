//! The calls: who is dialled when, and what comes of it.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use fastrand::Rng;

use super::super::{dice, pick};
use super::people::{self, Person};
use super::shape::{self, DOWN, Shape};
use super::{FIRST, LeadCall, Leads};

/// How many of 1,000 calls fall into each hour.
const HOURS: [(u32, u32); 11] = [
    (9, 84),
    (10, 118),
    (11, 121),
    (12, 62),
    (13, 78),
    (14, 109),
    (15, 117),
    (16, 108),
    (17, 92),
    (18, 71),
    (19, 40),
];

/// What comes of 10,000 calls. Nobody is spoken to in the first three cases.
const OUTCOMES: [(&str, u32); 8] = [
    ("NA", 5220),
    ("AM", 2610),
    ("B", 890),
    ("NI", 860),
    ("CALLBK", 210),
    ("NO SALE", 180),
    ("SALE", 20),
    ("DNC", 10),
];
/// What comes of calling somebody who has bought, or asked not to be called.
const AFTERWARDS: [(&str, u32); 4] = [("NA", 60), ("AM", 30), ("NI", 6), ("NO SALE", 4)];

/// Who speaks.
const AGENTS: [(&str, u32); 6] =
    [("alma", 24), ("ben", 21), ("carla", 18), ("dev", 15), ("elena", 12), ("hugo", 10)];

/// How many of 1,000 calls go to no usable phone.
const NO_PHONE: u32 = 16;

/// Somebody on the list, and what became of them.
struct Lead {
    person: Person,
    /// Bought, or asked not to be called: from then on only a mistake has them called.
    closed: bool,
}

/// All calls, in order of time, and the do-not-call list.
pub(super) fn leads() -> Leads {
    let count = shape::days().map(|(_, shape)| shape.new).sum();
    let people = people::people(count, &mut dice(4, FIRST));
    let do_not_call = people::do_not_call(&people);
    let mut leads: Vec<Lead> = people.into_iter().map(|person| Lead { person, closed: false }).collect();
    let mut calls = Vec::new();
    let mut known = 0;
    for (date, shape) in shape::days() {
        let mut rng = dice(5, date);
        let called = called_on(&leads, known, shape, &mut rng);
        known += shape.new;
        day(date, shape.calls, &called, &mut leads, &mut calls, &mut rng);
    }
    Leads { calls, do_not_call }
}

/// Whose turn it is on a day, as places in the list: the new ones, and some of those known before.
fn called_on(leads: &[Lead], known: usize, shape: Shape, rng: &mut Rng) -> Vec<usize> {
    let mut called: Vec<usize> = (known..known + shape.new).collect();
    let weight = |at: &usize| match leads.get(*at) {
        Some(lead) if lead.closed => 2,
        // A fresh lead is called more than an old one.
        _ if at + 40 > known => 60,
        _ => 25,
    };
    let mut rest: Vec<(usize, u32)> = (0..known).map(|at| (at, weight(&at))).collect();
    while called.len() < shape.phones {
        let Some(at) = pick(rng, &rest) else { break };
        rest.retain(|(other, _)| *other != at);
        called.push(at);
    }
    called
}

/// A day's calls to these people, each of whom is called at least once.
fn day(
    date: NaiveDate,
    count: usize,
    called: &[usize],
    leads: &mut [Lead],
    calls: &mut Vec<LeadCall>,
    rng: &mut Rng,
) {
    let mut times: Vec<NaiveDateTime> = (0..count).map(|_| moment(date, rng)).collect();
    times.sort_unstable();
    // Some are called far more often than others.
    let eager: Vec<(usize, u32)> = called.iter().map(|at| (*at, rng.u32(1..9))).collect();
    let mut turns: Vec<Option<usize>> = called.iter().copied().map(Some).collect();
    while turns.len() < count {
        turns.push(if rng.u32(0..1000) < NO_PHONE { None } else { pick(rng, &eager) });
    }
    rng.shuffle(&mut turns);
    let mut reached = BTreeSet::new();
    for (at, turn) in times.into_iter().zip(turns) {
        let turn = match turn {
            // Who has just bought is not called again that day; somebody else is.
            Some(turn) if is_closed(leads, turn) && reached.contains(&turn) => {
                let open: Vec<_> = eager.iter().filter(|(one, _)| !is_closed(leads, *one)).copied().collect();
                pick(rng, &open)
            }
            turn => turn,
        };
        reached.extend(turn);
        let id = 1_000_000 + i64::try_from(calls.len()).unwrap_or_default();
        calls.push(call(id, at, turn.and_then(|turn| leads.get_mut(turn)), rng));
    }
}

fn is_closed(leads: &[Lead], at: usize) -> bool {
    leads.get(at).is_some_and(|lead| lead.closed)
}

/// One call to somebody, or to no phone.
fn call(id: i64, called_at: NaiveDateTime, to: Option<&mut Lead>, rng: &mut Rng) -> LeadCall {
    let outcomes: &[(&str, u32)] = match &to {
        Some(lead) if !lead.closed => &OUTCOMES,
        Some(_) => &AFTERWARDS,
        None => &[("NA", 1)],
    };
    let status = pick(rng, outcomes).unwrap_or("NA");
    let spoke = !matches!(status, "NA" | "AM" | "B");
    let agent = if spoke { pick(rng, &AGENTS) } else { None };
    let seconds = match status {
        "SALE" => Some(rng.i64(300..1100)),
        "NO SALE" => Some(rng.i64(120..700)),
        "CALLBK" => Some(rng.i64(30..240)),
        "NI" | "DNC" => Some(rng.i64(6..160)),
        "AM" => Some(rng.i64(8..35)),
        _ => (rng.u32(0..40) > 0).then_some(0),
    };
    let (lead, phone) = match to {
        Some(lead) => {
            lead.closed |= matches!(status, "SALE" | "DNC");
            (Some(lead.person.lead(rng)), Some(lead.person.phone(rng)))
        }
        None => (None, people::no_phone(rng)),
    };
    LeadCall { id, called_at, lead, phone, status, agent, seconds }
}

/// A moment within working hours.
fn moment(day: NaiveDate, rng: &mut Rng) -> NaiveDateTime {
    let from = if day == DOWN { 15 } else { 0 };
    let hours: Vec<(u32, u32)> = HOURS.into_iter().filter(|(hour, _)| *hour >= from).collect();
    let hour = pick(rng, &hours).unwrap_or(from);
    let seconds = i64::from(hour) * 3600 + rng.i64(0..3600);
    day.and_time(NaiveTime::MIN) + TimeDelta::seconds(seconds)
}
