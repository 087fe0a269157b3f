//! Who is called: phones and leads, how a phone is written, and who must not be called.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::super::pick;

/// Area codes, and how many of 100 phones have them. All numbers are 555-0100 to 555-0199, which
/// nobody has.
const AREAS: [(&str, u32); 5] = [("314", 42), ("636", 28), ("573", 17), ("618", 9), (CLOSED, 4)];
/// The area that has asked not to be called at all.
pub(super) const CLOSED: &str = "660";

/// A way to write a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Plain,
    Plus,
    One,
    Dashes,
}

const SPELLINGS: [(Spelling, u32); 4] =
    [(Spelling::Plain, 70), (Spelling::Plus, 12), (Spelling::One, 10), (Spelling::Dashes, 8)];

/// Somebody who is called.
#[derive(Clone, Debug)]
pub(super) struct Person {
    area: &'static str,
    line: u32,
    spelling: Spelling,
    leads: [i64; 2],
}

impl Person {
    /// The phone as the dialer writes it in one call: mostly as the list has it.
    pub(super) fn phone(&self, rng: &mut Rng) -> String {
        let other = rng.u32(0..100) < 12;
        let spelling = if other { pick(rng, &SPELLINGS) } else { None };
        self.written(spelling.unwrap_or(self.spelling))
    }

    /// The lead of one call. Some came in twice, with two lists.
    pub(super) fn lead(&self, rng: &mut Rng) -> i64 {
        let [one, two] = self.leads;
        if rng.u32(0..100) < 30 { two } else { one }
    }

    fn written(&self, spelling: Spelling) -> String {
        let (area, line) = (self.area, self.line);
        match spelling {
            Spelling::Plain => format!("{area}555{line:04}"),
            Spelling::Plus => format!("+1{area}555{line:04}"),
            Spelling::One => format!("1{area}555{line:04}"),
            Spelling::Dashes => format!("{area}-555-{line:04}"),
        }
    }
}

/// This many people, in the order in which their leads came in.
pub(super) fn people(count: usize, rng: &mut Rng) -> Vec<Person> {
    let mut taken = BTreeSet::new();
    let mut people = Vec::with_capacity(count);
    let mut lead = 700_000;
    while people.len() < count {
        let (area, line) = (pick(rng, &AREAS).unwrap_or(CLOSED), rng.u32(100..200));
        if !taken.insert((area, line)) {
            continue;
        }
        let spelling = pick(rng, &SPELLINGS).unwrap_or(Spelling::Plain);
        let first = lead + rng.i64(1..40);
        let second = if rng.u32(0..100) < 8 { first + 50_000 } else { first };
        lead = first;
        people.push(Person { area, line, spelling, leads: [first, second] });
    }
    people
}

/// What stands in the place of a phone that nobody can be called at.
pub(super) fn no_phone(rng: &mut Rng) -> Option<String> {
    const NONE: [(Option<&str>, u32); 6] = [
        (None, 12),
        (Some(""), 36),
        (Some("  "), 4),
        (Some("anonymous"), 26),
        (Some("5550142"), 14),
        (Some("5550177"), 8),
    ];
    pick(rng, &NONE).flatten().map(str::to_owned)
}

/// The do-not-call list: four people who were called before they asked, one who never was, and an area.
pub(super) fn do_not_call(people: &[Person]) -> Vec<String> {
    let spellings = [Spelling::Plain, Spelling::Plus, Spelling::Dashes, Spelling::One];
    // From all along the list, and none whom the area covers.
    let open: Vec<&Person> = people.iter().filter(|person| person.area != CLOSED).collect();
    let some = open.iter().skip(20).step_by(41).zip(spellings);
    let mut list: Vec<String> = some.map(|(person, spelling)| person.written(spelling)).collect();
    list.push("3145550999".to_owned());
    list.push(format!("{CLOSED}XXXXXXX"));
    list
}
