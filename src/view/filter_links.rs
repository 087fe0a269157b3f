//! Choosing members of a day by links, where a server computes the page for each choice.

use askama::Template;

/// What can be chosen, and what is.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "serve/filter.html")]
pub struct FilterLinks {
    /// The dimensions; the first has its members in sight.
    pub dimensions: Vec<DimensionLinks>,
    /// Their names in a sentence.
    pub words: String,
    /// Whether all members are in sight.
    pub open: bool,
    /// What is chosen, in words.
    pub said: Option<String>,
    /// Where nothing is chosen.
    pub clear: String,
}

/// A dimension.
#[derive(Clone, Debug, Default)]
pub struct DimensionLinks {
    /// What people call it.
    pub label: String,
    /// Where none of its members is chosen.
    pub all: String,
    /// How many of its members are chosen.
    pub chosen: usize,
    /// Its members.
    pub members: Vec<MemberLink>,
    /// How many more there are.
    pub more: usize,
}

/// A member.
#[derive(Clone, Debug, Default)]
pub struct MemberLink {
    /// Its name.
    pub name: String,
    /// What else it is called.
    pub small: String,
    /// Where it is chosen if it is not, and the other way round.
    pub href: String,
    /// How many rows it has.
    pub rows: String,
    /// Whether it is chosen.
    pub chosen: bool,
}
