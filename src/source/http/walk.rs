//! Which page comes next, and whether what came fits together: pure.

use std::collections::HashSet;

use super::error::HttpFault;
use crate::config::http::{FeedSettings, Pages};
use crate::model::Digest;

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Behind so many items.
    Offset(u64),
    /// The page of this number.
    Page(u64),
    /// Behind this cursor; the first one without.
    Cursor(Option<String>),
    /// At this URL; the first one without.
    Link(Option<String>),
    /// The only one.
    Only,
}

/// What a page tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// How many items it has.
    pub(super) items: u64,
    /// How many there are in all.
    pub(super) total: Option<u64>,
    /// What leads on.
    pub(super) next: Option<String>,
    /// By what it is known again.
    pub(super) digest: Digest,
}

/// What is to be done after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It was the last one.
    End,
    /// This one is next.
    Next(At),
    /// The same one again: that nothing is there is believed the second time only.
    Again,
}

/// The way through the pages of a feed.
#[derive(Debug)]
pub(super) struct Walk<'f> {
    feed: &'f FeedSettings,
    total: Option<u64>,
    received: u64,
    read: u64,
    before: Option<Digest>,
    been: HashSet<String>,
    asked_again: bool,
}

impl<'f> Walk<'f> {
    pub(super) fn new(feed: &'f FeedSettings) -> Self {
        Self {
            feed,
            total: None,
            received: 0,
            read: 0,
            before: None,
            been: HashSet::new(),
            asked_again: false,
        }
    }

    /// The first page.
    pub(super) fn first(&self) -> At {
        match &self.feed.pages {
            Pages::Offset { first, .. } => At::Offset(*first),
            Pages::Page { first, .. } => At::Page(*first),
            Pages::Cursor { .. } => At::Cursor(None),
            Pages::Link { .. } => At::Link(None),
            Pages::One => At::Only,
        }
    }

    /// How many items there are in all, where the first page told.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// How many items came, doubles among them.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// How many pages there are likely to be.
    pub(super) fn pages(&self, size: u64) -> Option<u64> {
        self.total.filter(|_| size > 0).map(|total| total.div_ceil(size).max(1))
    }

    /// Takes the next page in its order.
    ///
    /// # Errors
    /// When it does not fit what came before, or there is no end.
    pub(super) fn take(&mut self, at: &At, told: &Told) -> Result<Step, HttpFault> {
        if let (Some(before), Some(after)) = (self.total, told.total)
            && before != after
        {
            return Err(HttpFault::TotalMoved { before, after });
        }
        self.total = self.total.or(told.total);
        if told.items > 0 && self.before == Some(told.digest) {
            return Err(HttpFault::PageAgain);
        }
        self.before = Some(told.digest);
        self.received += told.items;
        if let Some(limit) = self.feed.max_items
            && (self.received > limit || self.total.is_some_and(|total| total > limit))
        {
            return Err(HttpFault::TooManyItems { limit });
        }
        let is_empty = told.items == 0;
        if is_empty && self.total.is_none() && !self.asked_again && matches!(at, At::Offset(_) | At::Page(_))
        {
            self.asked_again = true;
            return Ok(Step::Again);
        }
        self.asked_again = false;
        self.read += 1;
        let is_over = is_empty || self.total.is_some_and(|total| self.received >= total);
        let next = match (&self.feed.pages, at) {
            (Pages::Offset { first, .. }, _) if !is_over => At::Offset(first + self.received),
            (Pages::Page { .. }, At::Page(page)) if !is_over => At::Page(page + 1),
            (Pages::Cursor { .. }, _) => match &told.next {
                None => return Ok(Step::End),
                next => At::Cursor(next.clone()),
            },
            (Pages::Link { .. }, _) => match &told.next {
                None => return Ok(Step::End),
                next => At::Link(next.clone()),
            },
            _ => return Ok(Step::End),
        };
        if let At::Cursor(Some(next)) | At::Link(Some(next)) = &next
            && !self.been.insert(next.clone())
        {
            return Err(HttpFault::CursorAgain);
        }
        if self.read >= self.feed.max_pages {
            return Err(HttpFault::TooManyPages { limit: self.feed.max_pages });
        }
        Ok(Step::Next(next))
    }

    /// All pages behind the first, where that one tells how many there are and where they begin: then they can be
    /// asked for side by side.
    ///
    /// # Errors
    /// When there are more than there may be.
    pub(super) fn side_by_side(&self, first: &Told) -> Result<Option<Vec<At>>, HttpFault> {
        let (Pages::Offset { size, .. } | Pages::Page { size, .. }) = &self.feed.pages else {
            return Ok(None);
        };
        let size = size.unwrap_or(first.items);
        // A shorter page than was asked for: where the next one begins is known behind it only.
        let Some(pages) = self.pages(size).filter(|_| first.items == size) else { return Ok(None) };
        if pages > self.feed.max_pages {
            return Err(HttpFault::TooManyPages { limit: self.feed.max_pages });
        }
        let at = |step: u64| match &self.feed.pages {
            Pages::Offset { first, .. } => At::Offset(first + step * size),
            Pages::Page { first, .. } => At::Page(first + step),
            _ => At::Only,
        };
        Ok(Some((1..pages).map(at).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::{At, Step, Told, Walk};
    use crate::config::http::{FeedSettings, Pages, Times};
    use crate::config::template::Template;
    use crate::model::Digest;
    use crate::model::table::TableDef;
    use crate::source::http::error::HttpFault;

    fn feed(pages: Pages) -> FeedSettings {
        let table = TableDef {
            from: String::new(),
            items: None,
            key: Vec::new(),
            columns: [].into(),
            settings: [].into(),
        };
        FeedSettings {
            post: false,
            url: Template::new(""),
            body: None,
            headers: [].into(),
            times: Times::Rfc3339,
            total: None,
            pages,
            max_pages: 4,
            max_items: None,
            optional: Vec::new(),
            keep_raw: false,
            table,
        }
    }

    fn told(items: u64, total: Option<u64>, name: &str) -> Told {
        Told { items, total, next: None, digest: Digest::of(name.as_bytes()) }
    }

    fn to(next: &str, name: &str) -> Told {
        Told { next: Some(next.to_owned()), ..told(1, None, name) }
    }

    #[test]
    fn offsets_go_by_what_came_and_end_where_nothing_is_twice() {
        let feed = feed(Pages::Offset { first: 0, size: Some(10) });
        let mut walk = Walk::new(&feed);
        assert_eq!(walk.take(&At::Offset(0), &told(10, None, "a")), Ok(Step::Next(At::Offset(10))));
        assert_eq!(walk.take(&At::Offset(10), &told(3, None, "b")), Ok(Step::Next(At::Offset(13))));
        assert_eq!(walk.take(&At::Offset(13), &told(0, None, "")), Ok(Step::Again));
        assert_eq!(walk.take(&At::Offset(13), &told(2, None, "c")), Ok(Step::Next(At::Offset(15))));
        assert_eq!(walk.take(&At::Offset(15), &told(0, None, "")), Ok(Step::Again));
        assert_eq!(walk.take(&At::Offset(15), &told(0, None, "")), Ok(Step::End));
        assert_eq!(walk.received(), 15);
    }

    #[test]
    fn a_total_ends_it_and_must_stay() {
        let feed = feed(Pages::Page { first: 1, size: None });
        let mut walk = Walk::new(&feed);
        assert_eq!(walk.take(&At::Page(1), &told(10, Some(15), "a")), Ok(Step::Next(At::Page(2))));
        assert_eq!(walk.side_by_side(&told(10, Some(15), "a")), Ok(Some(vec![At::Page(2)])));
        let moved = Err(HttpFault::TotalMoved { before: 15, after: 16 });
        assert_eq!(walk.take(&At::Page(2), &told(5, Some(16), "b")), moved);
        assert_eq!(walk.take(&At::Page(2), &told(5, Some(15), "b")), Ok(Step::End));
        let mut walk = Walk::new(&feed);
        assert_eq!(walk.take(&At::Page(1), &told(0, Some(0), "")), Ok(Step::End));
    }

    #[test]
    fn pages_stand_side_by_side_only_where_it_is_known_where_they_begin() {
        let feed = feed(Pages::Offset { first: 0, size: Some(10) });
        let mut walk = Walk::new(&feed);
        let first = told(10, Some(31), "a");
        walk.take(&At::Offset(0), &first).unwrap();
        let rest = vec![At::Offset(10), At::Offset(20), At::Offset(30)];
        assert_eq!(walk.side_by_side(&first), Ok(Some(rest)));
        // The server gives fewer than were asked for.
        assert_eq!(walk.side_by_side(&told(5, Some(31), "a")), Ok(None));
        let mut walk = Walk::new(&feed);
        let first = told(10, Some(41), "a");
        walk.take(&At::Offset(0), &first).unwrap();
        assert_eq!(walk.side_by_side(&first), Err(HttpFault::TooManyPages { limit: 4 }));
    }

    #[test]
    fn what_leads_back_or_on_for_ever_is_an_error() {
        let feed = feed(Pages::Cursor { next: "/next".into() });
        let mut walk = Walk::new(&feed);
        let cursor = |text: &str| At::Cursor(Some(text.to_owned()));
        assert_eq!(walk.take(&At::Cursor(None), &to("x", "a")), Ok(Step::Next(cursor("x"))));
        assert_eq!(walk.take(&cursor("x"), &to("y", "b")), Ok(Step::Next(cursor("y"))));
        assert_eq!(walk.take(&cursor("y"), &to("x", "c")), Err(HttpFault::CursorAgain));
        assert_eq!(walk.take(&cursor("y"), &to("z", "c")), Err(HttpFault::PageAgain));
        assert_eq!(walk.take(&cursor("y"), &to("z", "d")), Err(HttpFault::TooManyPages { limit: 4 }));
        let mut walk = Walk::new(&feed);
        assert_eq!(walk.take(&At::Cursor(None), &told(1, None, "a")), Ok(Step::End));
    }
}
